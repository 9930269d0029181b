// Keeps the page of the staff inbox fresh. Everything works without it; texts are set as texts, and nothing from outside becomes markup.
(function () {
  "use strict";
  const EVERY = 4000;
  const MOST = 60000;
  const thread = document.getElementById("thread");
  const rows = document.getElementById("rows");
  const bubbles = document.getElementById("bubbles");
  const number = thread ? thread.dataset.number : "";
  const title = document.title.replace(/^\(\d+\) /, "");
  const offline = document.querySelector(".offline");
  const known = new Map();
  let tag = "";
  let pause = EVERY;
  let timer = 0;

  // Not a reload: a page that answered a form would ask whether to send it once more.
  const again = () => location.replace(location.pathname);
  const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  const put = (node, values) => {
    for (const place of node.querySelectorAll("[data-put]")) {
      const text = String(values[place.dataset.put] ?? "");
      if (place.textContent !== text) place.textContent = text;
    }
  };

  function fillRow(node, one) {
    put(node, one);
    node.dataset.mark = one.mark;
    node.dataset.id = String(one.id);
    node.classList.toggle("current", String(one.id) === number);
    node.querySelector("a").href = "/desk/c/" + Number(one.id);
    return node;
  }

  function showRows(list) {
    const there = [...rows.children];
    rows.replaceChildren(...list.map((one) => fillRow(there.find((node) => node.dataset.id === String(one.id)) || copy("a-row"), one)));
    document.querySelector(".list > .nothing").hidden = list.length > 0;
  }

  function fillFile(one) {
    const node = copy("a-file");
    put(node, one);
    node.href = "/desk/c/" + Number(number) + "/files/" + Number(one.id);
    if (one.picture) {
      const picture = document.createElement("img");
      picture.src = node.href;
      picture.alt = "";
      node.append(picture);
    }
    return node;
  }

  function fillBubble(node, one) {
    put(node, one);
    node.dataset.key = one.key;
    node.className = "bubble " + (["them", "us", "note"].includes(one.side) ? one.side : "them");
    node.querySelector(".state").classList.toggle("bad", one.bad);
    const settle = node.querySelector(".settle");
    settle.hidden = !one.resend;
    settle.querySelector("[name=delivery]").value = String(one.resend);
    settle.querySelector("[value=mark_sent]").hidden = !one.mark_sent;
    node.querySelector(".files").replaceChildren(...one.files.map(fillFile));
    return node;
  }

  function showBubbles(list) {
    const there = new Map([...bubbles.children].map((node) => [node.dataset.key, node]));
    const fresh = list.map((one) => {
      const words = JSON.stringify(one);
      const node = there.get(one.key);
      if (node && known.get(one.key) === words) return node;
      known.set(one.key, words);
      return fillBubble(node || copy("a-bubble"), one);
    });
    const same = fresh.length === bubbles.children.length && fresh.every((node, place) => node === bubbles.children[place]);
    if (!same) bubbles.replaceChildren(...fresh);
  }

  // What is open or half read stays as it is; only what is new or gone is changed.
  function showSame(same) {
    const fill = (list, kind, copied) => list.map((one) => {
      const node = document.querySelector('#same [data-same="' + kind + Number(one.id) + '"]') || copy(copied);
      put(node, one);
      node.dataset.same = kind + Number(one.id);
      node.querySelector("[name=about]").value = String(one.id);
      return node;
    });
    const renew = (place, nodes) => {
      const there = [...place.children];
      if (there.length !== nodes.length || nodes.some((node, at) => node !== there[at])) place.replaceChildren(...nodes);
    };
    renew(document.getElementById("maybes"), fill(same.maybes, "maybe", "a-maybe"));
    renew(document.getElementById("merges"), fill(same.merges, "made", "a-made"));
    document.querySelector("#same .merges").hidden = !same.merges.length;
    document.getElementById("same").hidden = !same.maybes.length && !same.merges.length;
  }

  function showTodos(todos) {
    const place = document.getElementById("todos");
    const nodes = todos.map((one) => {
      const node = place.querySelector('[data-todo="' + Number(one.id) + '"]') || copy("a-todo");
      put(node, one);
      node.dataset.todo = String(Number(one.id));
      node.querySelector("[name=about]").value = String(one.id);
      return node;
    });
    if (place.children.length !== nodes.length || nodes.some((node, at) => node !== place.children[at])) place.replaceChildren(...nodes);
    document.getElementById("todo").hidden = !todos.length;
  }

  // What is above the fold has been seen; whoever has scrolled up has not seen what came below, and is asked before an answer leaves.
  const atTheEnd = () => Math.abs(document.querySelector(".scroll").scrollTop) < 80;

  function showPane(pane) {
    const reading = atTheEnd();
    document.getElementById("name").textContent = pane.name;
    document.getElementById("status").textContent = pane.status;
    const facts = pane.facts.map((fact) => {
      const line = document.createElement("li");
      line.dir = "auto";
      line.textContent = fact;
      return line;
    });
    document.getElementById("facts").replaceChildren(...facts);
    for (const key of thread.querySelectorAll(".foot [data-key]")) key.hidden = !pane.keys.includes(key.dataset.key);
    showBubbles(pane.bubbles);
    showTodos(pane.todos);
    const seen = document.getElementById("seen");
    if (seen && reading && pane.seen > Number(seen.value)) seen.value = String(pane.seen);
  }

  async function ask() {
    const query = new URLSearchParams({ c: number, after: rows.dataset.after });
    const answer = await fetch("/desk/now?" + query, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", credentials: "same-origin" });
    if (answer.status === 401) return again();
    if (answer.status === 304) return undefined;
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    tag = answer.headers.get("ETag") || "";
    if (!("find" in rows.dataset)) showRows(told.rows);
    document.title = (told.waiting ? "(" + told.waiting + ") " : "") + title;
    if (thread && !told.pane) return again();
    if (thread) showPane(told.pane);
    if (thread) showSame(told.same);
    return undefined;
  }

  async function round() {
    clearTimeout(timer);
    if (!document.hidden) {
      try {
        await ask();
        pause = EVERY;
        offline.hidden = true;
      } catch (error) {
        pause = Math.min(MOST, pause * 2);
        offline.hidden = false;
      }
    }
    timer = setTimeout(round, pause);
  }

  // With a file an answer needs no words; a file that is too large is named before it travels.
  function watchFile(input) {
    const form = input.form;
    const chosen = form.querySelector(".chosen");
    const look = () => {
      const file = input.files[0];
      input.setCustomValidity(file && file.size > Number(input.dataset.bytes) ? input.dataset.big : "");
      form.elements.text.required = !file;
      chosen.hidden = !file;
      chosen.querySelector("bdi").textContent = file ? "📎 " + file.name : "";
    };
    input.addEventListener("change", () => (look(), input.reportValidity()));
    chosen.querySelector("button").addEventListener("click", () => ((input.value = ""), look()));
    look();
  }
  document.body.classList.add("scripted");
  document.querySelectorAll(".attach input").forEach(watchFile);

  document.addEventListener("visibilitychange", () => document.hidden || round());
  // A page that comes back from the browser's memory would carry an id that was used.
  window.addEventListener("pageshow", (event) => event.persisted && again());
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) event.target.form.requestSubmit();
  });
  timer = setTimeout(round, EVERY);
})();
