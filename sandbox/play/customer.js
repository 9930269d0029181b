// The customer's phone: the same pane, with a choice of who is holding it.
import { h, icon } from "./dom.js";
import { TelegramPane } from "./pane.js";
import { Customers, LANGUAGES } from "./people.js";

export class CustomerPane extends TelegramPane {
  constructor(options, preferred) {
    super(options);
    this.customers = new Customers(preferred);
    this.news = new Set(); // people with unseen words
    this.choice = h("select", { class: "choice", "aria-label": "Which customer are you?", data: { role: "customer" }, onchange: () => this.choose(this.choice.value) });
    this.extra.append(h("button", { type: "button", class: "pill", data: { role: "new-stranger" }, "aria-label": "New stranger", title: "New stranger: be somebody nobody has met", onclick: () => this.choose(this.customers.stranger().person) }, icon("plus"), "Stranger"));
    this.drawChoice(this.customers.list[0].person);
  }

  drawChoice(chosen) {
    this.choice.replaceChildren(...this.customers.list.map((one) =>
      h("option", { value: one.person, selected: one.person === chosen }, `${this.news.has(one.person) ? "● " : ""}${one.first_name}`)));
    this.choice.value = chosen;
  }

  /** Hand the phone to another customer. */
  async choose(person) {
    const customer = this.customers.find(person) ?? this.customers.list[0];
    this.news.delete(customer.person);
    this.drawChoice(customer.person);
    await this.tried(() => this.customers.introduce(customer));
    if (this.choice.value !== customer.person) return; // chosen anew meanwhile
    const language = LANGUAGES[customer.language_code] ?? customer.language_code ?? "";
    await this.show({ ...customer, name: this.choice, about: [customer.stranger ? "Stranger" : "Customer", language].filter(Boolean).join(" · ") });
  }

  heard(change) {
    if (super.heard(change)) return true;
    if (change.bot === this.options.bot && change.message?.from === "bot" && this.customers.find(change.person) && !this.news.has(change.person)) {
      this.news.add(change.person);
      this.drawChoice(this.choice.value);
    }
    return false;
  }
}
