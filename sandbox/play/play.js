// The play page: one person plays everybody. This file joins the parts and holds nothing else.
import * as api from "./api.js";
import { CustomerPane } from "./customer.js";
import { guide } from "./guide.js";
import { handOver, openedWith, startLink } from "./links.js";
import { TelegramPane } from "./pane.js";
import { titled } from "./people.js";
import { Product } from "./product.js";
import { ShopPane } from "./shop.js";
import { Stream } from "./stream.js";
import { Tabs } from "./tabs.js";
import { addTown } from "./town.js";

const part = (role) => document.querySelector(`[data-role="${role}"]`);

async function main() {
  const known = await settings();
  const people = { customer: "ani", rep: "tigran", manager: "mariam", ...known.people };
  const panes = {};
  let tabs = null;

  // Whichever pane a link is pressed in, Start is pressed where that bot is talked to: a customer's link by the customer, an invitation by the rep.
  const open = (url) => {
    const link = startLink(url);
    const pane = link && { customer: panes.customer, staff: panes.rep }[link.bot.replace(/_?bot$/i, "").toLowerCase()];
    if (!pane?.chat) return false;
    point(pane.options.pane);
    pane.start(link.payload);
    return true;
  };
  const point = (id) => {
    const { root } = panes[id];
    tabs.choose(id);
    root.scrollIntoView({ block: "nearest", behavior: "smooth" });
    root.classList.remove("pointed");
    void root.offsetWidth; // starts the animation anew
    root.classList.add("pointed");
    setTimeout(() => root.classList.remove("pointed"), 1700);
  };

  panes.customer = new CustomerPane({ pane: "customer", title: "Customer", bot: "customer", hint: "Nobody has written yet. Press Start, or just type.", open, unread: () => tabs.news("customer") }, people.customer);
  panes.shop = new ShopPane({ open });
  panes.rep = staff("rep", "Sales rep", people.rep, "Cards of new customers will arrive here.");
  panes.manager = staff("manager", "Manager", people.manager, "Commands, reports and promotions live here.");

  function staff(pane, title, person, hint) {
    return new TelegramPane({ pane, title, bot: "staff", hint, open, payload: () => known.starts?.[person], unread: () => tabs.news(pane) });
  }

  part("stage").append(...["customer", "shop", "rep", "manager"].map((id) => panes[id].root));
  tabs = new Tabs(part("tabs"), [
    { id: "customer", title: "Customer", root: panes.customer.root }, { id: "shop", title: "Shop", root: panes.shop.root },
    { id: "rep", title: "Rep", root: panes.rep.root }, { id: "manager", title: "Manager", root: panes.manager.root },
  ]);
  guide(document.getElementById("guide"), part("guide-toggle"), point);
  const company = known.company && known.company !== "Dragoman" ? `${known.company} · Dragoman demo` : "Dragoman · demo";
  part("company").textContent = company;
  document.title = company;
  new Product({ status: part("status"), words: part("status-words"), plug: part("plug") }, known.control_url);
  panes.shop.show(known.shop_url);
  addTown(panes.shop);

  const telegram = [panes.customer, panes.rep, panes.manager];
  await Promise.all([
    panes.customer.choose(people.customer),
    panes.rep.show({ person: people.rep, first_name: titled(people.rep), about: "Sales rep · chat with the staff bot" }),
    panes.manager.show({ person: people.manager, first_name: titled(people.manager), about: "Manager · chat with the staff bot" }),
  ]);
  new Stream({
    heard: (change) => telegram.forEach((pane) => pane.heard(change)),
    opened: () => {
      document.body.classList.remove("offline");
      telegram.forEach((pane) => pane.reload());
    },
    lost: () => document.body.classList.add("offline"),
  });

  const asked = openedWith();
  if (await handOver(asked, open)) {
    window.close();
  } else if (asked) {
    open(asked);
    history.replaceState(null, "", location.pathname); // a reload must not press Start again
  }
}

// A sandbox that runs by itself, without the demo around it, has no settings; the page then plays with its own.
async function settings() {
  try {
    return await api.settings();
  } catch {
    return {};
  }
}

main();
