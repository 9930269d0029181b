/* Dragoman's site chat. <script src="https://crm.example/widget.js" data-title="…" data-color="#0b6e4f" data-language="hy" async></script>
   No cookie, no outside resource, no markup from outside: every word is put on the page as text. */
(() => {
  'use strict';
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  if (!script || window.__dragoman) return;
  window.__dragoman = true;

  const WORDS = {
    hy: { open: 'Բացել զրույցը', close: 'Փակել', title: 'Գրեք մեզ', hello: 'Բարև Ձեզ։ Գրեք Ձեր հարցը, և մենք կպատասխանենք այստեղ։', place: 'Գրեք հաղորդագրություն', send: 'Ուղարկել', attach: 'Կցել ֆայլ', typing: 'գրում է…', offline: 'Կապ չկա։ Գրեք՝ հաղորդագրությունը կուղարկվի, երբ կապը վերականգնվի։', failed: 'Չուղարկվեց', retry: 'Փորձել նորից', long: 'Հաղորդագրությունը չափազանց երկար է', big: 'Ֆայլը չափազանց մեծ է', edited: 'խմբագրված', you: 'Դուք', team: 'Մենք', wait: 'Ուղարկվում է', kept: 'Ուղարկված է', fresh: 'նոր հաղորդագրություն', newer: 'Նոր հաղորդագրություններ ↓' },
    ka: { open: 'ჩატის გახსნა', close: 'დახურვა', title: 'მოგვწერეთ', hello: 'გამარჯობა! დაწერეთ თქვენი კითხვა და აქვე გიპასუხებთ.', place: 'დაწერეთ შეტყობინება', send: 'გაგზავნა', attach: 'ფაილის მიმაგრება', typing: 'წერს…', offline: 'კავშირი არ არის. დაწერეთ — შეტყობინება გაიგზავნება, როცა კავშირი აღდგება.', failed: 'ვერ გაიგზავნა', retry: 'თავიდან ცდა', long: 'შეტყობინება ძალიან გრძელია', big: 'ფაილი ძალიან დიდია', edited: 'შესწორებულია', you: 'თქვენ', team: 'ჩვენ', wait: 'იგზავნება', kept: 'გაგზავნილია', fresh: 'ახალი შეტყობინება', newer: 'ახალი შეტყობინებები ↓' },
    am: { open: 'ውይይት ክፈት', close: 'ዝጋ', title: 'ይጻፉልን', hello: 'ሰላም! ጥያቄዎን ይጻፉ፤ እዚሁ እንመልስልዎታለን።', place: 'መልእክት ይጻፉ', send: 'ላክ', attach: 'ፋይል አያይዝ', typing: 'እየጻፈ ነው…', offline: 'ግንኙነት የለም። ይጻፉ፤ ግንኙነቱ ሲመለስ መልእክቱ ይላካል።', failed: 'አልተላከም', retry: 'እንደገና ሞክር', long: 'መልእክቱ በጣም ረጅም ነው', big: 'ፋይሉ በጣም ትልቅ ነው', edited: 'ተስተካክሏል', you: 'እርስዎ', team: 'እኛ', wait: 'በመላክ ላይ', kept: 'ተልኳል', fresh: 'አዲስ መልእክት', newer: 'አዲስ መልእክቶች ↓' },
    ru: { open: 'Открыть чат', close: 'Закрыть', title: 'Напишите нам', hello: 'Здравствуйте! Напишите свой вопрос, мы ответим прямо здесь.', place: 'Напишите сообщение', send: 'Отправить', attach: 'Прикрепить файл', typing: 'печатает…', offline: 'Нет связи. Пишите: сообщение уйдёт, когда связь вернётся.', failed: 'Не отправлено', retry: 'Повторить', long: 'Сообщение слишком длинное', big: 'Файл слишком большой', edited: 'изменено', you: 'Вы', team: 'Мы', wait: 'Отправляется', kept: 'Отправлено', fresh: 'новое сообщение', newer: 'Новые сообщения ↓' },
    en: { open: 'Open chat', close: 'Close', title: 'Write to us', hello: 'Hello! Write your question, we answer right here.', place: 'Write a message', send: 'Send', attach: 'Attach a file', typing: 'is typing…', offline: 'No connection. Write on: your message leaves when it is back.', failed: 'Not sent', retry: 'Try again', long: 'The message is too long', big: 'The file is too big', edited: 'edited', you: 'You', team: 'We', wait: 'Sending', kept: 'Sent', fresh: 'new message', newer: 'New messages ↓' },
  };
  const STYLE = `
:host{all:initial;--accent:#0b6e4f;--on:#fff;--back:#fff;--soft:#f1f4f3;--text:#17211d;--dim:#5d6a65;--line:#dde4e1;--bad:#b3261e;--ring:var(--accent)}
@media (prefers-color-scheme:dark){:host{--back:#171c1a;--soft:#242b28;--text:#edf2f0;--dim:#9fada7;--line:#333c38;--bad:#ff8a80;--ring:#9fb4ab}}
*{box-sizing:border-box;font:inherit;color:inherit;margin:0}
[hidden]{display:none!important}
.root{font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Armenian","Noto Sans Georgian","Noto Sans Ethiopic",sans-serif;color:var(--text)}
button,.chip{cursor:pointer;border:0;background:none}
:focus-visible{outline:2px solid var(--ring);outline-offset:2px}
.launch{position:fixed;z-index:2147483000;inset-block-end:20px;inset-inline-end:20px;inline-size:60px;block-size:60px;border-radius:50%;background:var(--accent);color:var(--on);box-shadow:0 8px 24px rgba(0,0,0,.28);display:grid;place-items:center;transition:transform .15s}
.launch:hover{transform:scale(1.06)}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-inline-size:22px;block-size:22px;padding:0 6px;border-radius:11px;background:#d92d20;color:#fff;font-size:12px;font-weight:700;line-height:22px}
svg{inline-size:26px;block-size:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;display:block}
.panel{position:fixed;z-index:2147483001;inset-block-end:20px;inset-inline-end:20px;inline-size:min(384px,calc(100vw - 24px));block-size:min(620px,calc(100vh - 40px));display:flex;flex-direction:column;background:var(--back);border-radius:18px;overflow:hidden;box-shadow:0 18px 60px rgba(0,0,0,.32);animation:rise .18s ease-out}
@keyframes rise{from{opacity:0;transform:translateY(14px)}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
.head{display:flex;align-items:center;gap:8px;padding:14px 12px 14px 18px;padding-inline:18px 10px;background:var(--accent);color:var(--on)}
.head h2{flex:1;font-size:17px;font-weight:650;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.icon{inline-size:40px;block-size:40px;border-radius:10px;display:grid;place-items:center;flex:none}
.icon:hover{background:rgba(127,127,127,.18)}
.head .icon:focus-visible{outline-color:var(--on)}
.note{padding:8px 16px;font-size:13px;background:#fff4d6;color:#5c4300}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:16px 14px;display:flex;flex-direction:column;gap:8px}
.log:focus-visible{outline-offset:-3px}
.empty{margin:auto;max-inline-size:260px;text-align:center;color:var(--dim)}
.row{display:flex;flex-direction:column;align-items:flex-start;max-inline-size:86%}
.row.you{align-self:flex-end;align-items:flex-end}
.who{font-size:12px;color:var(--dim);padding-inline:4px;margin-block-end:2px}
.bubble{padding:9px 13px;border-radius:16px;border-end-start-radius:5px;background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;max-inline-size:100%}
.you .bubble{background:var(--accent);color:var(--on);border-radius:16px;border-end-end-radius:5px}
.bubble a{text-decoration:underline}
.bubble img{display:block;max-inline-size:100%;max-block-size:240px;border-radius:10px;margin-block:2px}
.file svg{inline-size:15px;block-size:15px;display:inline-block;vertical-align:-2px;margin-inline-end:5px}
.file{display:block}
.bubble.pic{padding:4px;border-radius:14px}
.wait .bubble{opacity:.66}
.meta{font-size:11px;color:var(--dim);padding:2px 4px 0;display:flex;gap:6px;align-items:center}
.bad .meta{color:var(--bad)}
.meta button{text-decoration:underline}
.chips{display:flex;flex-direction:column;gap:6px;margin-block-start:6px;max-inline-size:100%}
.chips div{display:flex;flex-wrap:wrap;gap:6px}
.chip{display:inline-block;padding:7px 14px;border-radius:18px;border:1.5px solid var(--ring);background:var(--back);text-decoration:none;font-weight:550;overflow-wrap:anywhere}
.chip:hover:not([disabled]){background:var(--soft)}
.chip[disabled]{cursor:default;opacity:.5}
.chip.done{opacity:1;background:var(--accent);color:var(--on)}
.dots{color:var(--dim);font-size:13px;padding:0 18px 8px}
.jump{position:absolute;inset-block-end:76px;inset-inline:0;margin-inline:auto;inline-size:max-content;padding:6px 14px;border-radius:16px;background:var(--text);color:var(--back);font-size:13px}
.write{display:flex;align-items:flex-end;gap:4px;padding:8px;border-block-start:1px solid var(--line)}
textarea{flex:1;resize:none;border:0;background:var(--soft);border-radius:14px;padding:10px 13px;max-block-size:130px;min-block-size:42px;font-size:16px;color:var(--text)}
textarea::placeholder{color:var(--dim);opacity:1}
textarea:focus-visible{outline-offset:-2px}
.write .icon{color:var(--dim)}
.write .send{color:var(--on);background:var(--accent);border-radius:50%}
.write .send[disabled]{background:var(--line);color:var(--dim);cursor:default}
.send svg{inline-size:20px;block-size:20px}
@media (max-width:480px){.panel{inset:0;inline-size:100vw;block-size:100vh;block-size:100dvh;border-radius:0}}`;

  const base = new URL(script.src, location.href).origin;
  const set = script.dataset;
  const language = (set.language || document.documentElement.lang || navigator.language || 'en').slice(0, 12);
  const code = language.slice(0, 2).toLowerCase();
  const say = WORDS[code] || WORDS.en;
  const SAFE = ['http:', 'https:', 'tg:'];

  // Storage may be forbidden; then this page remembers while it is open.
  const memory = new Map();
  const store = {
    get(key) { try { return localStorage.getItem('dragoman:' + key); } catch { return memory.get(key) ?? null; } },
    set(key, value) { try { localStorage.setItem('dragoman:' + key, value); } catch { memory.set(key, value); } },
    drop(key) { try { localStorage.removeItem('dragoman:' + key); } catch { memory.delete(key); } },
    keys() { try { return Object.keys(localStorage).filter(k => k.startsWith('dragoman:')).map(k => k.slice(9)); } catch { return [...memory.keys()]; } },
  };
  const random = bytes => {
    const told = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)));
    return btoa(told).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  const json = text => { try { return JSON.parse(text); } catch { return null; } };
  // Who is logged in at the shop has a thread of their own in this browser; the one begun before logging in becomes theirs.
  const signed = set.visitor && set.signature && set.visitor.length <= 128;
  const owner = signed ? 'visitor:' + set.visitor : 'visitor';
  const begun = () => store.get(owner) || store.get('visitor');
  const secret = () => {
    if (!store.get(owner)) {
      store.set(owner, store.get('visitor') || random(32));
      if (signed) store.drop('visitor');
    }
    return store.get(owner);
  };
  const source = (() => {
    const kept = json(store.get('source')), came = /[#&]dragoman=([a-z0-9]{8})(?:&|$)/.exec(location.hash);
    if (kept && typeof kept === 'object' && (!came || kept.payload === came[1])) return kept;
    const found = came ? { payload: came[1] } : {}, query = new URLSearchParams(location.search);
    for (const name of ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content']) {
      if (query.get(name)) found[name] = query.get(name).slice(0, 200);
    }
    if (document.referrer && !document.referrer.startsWith(location.origin)) found.referrer = document.referrer.slice(0, 500);
    if (Object.keys(found).length) store.set('source', JSON.stringify(found));
    return found;
  })();

  // What is on the screen: lines of the store by seq, and our own words that are not lines yet.
  const lines = new Map(), queue = new Map(), nodes = new Map(), pressed = new Map();
  let limits = { text: 4000, file: 10000000 };
  let socket = null, ready = false, polling = false, failures = 0, timer = 0, flying = null, pause = 0, started = false, opened = false, everOnline = false;

  const remember = item => { if (!item.blob && !item.foreign) store.set('q:' + item.id, JSON.stringify({ ...item, of: secret().slice(0, 8) })); };
  const forget = id => { queue.delete(id); store.drop('q:' + id); };
  for (const key of store.keys()) {
    if (!key.startsWith('q:')) continue;
    const item = json(store.get(key));
    if (item && item.of && item.of !== (begun() || '').slice(0, 8)) continue;
    if (item && item.id && Date.now() - item.at < 864e5 * (item.state === 'kept' ? 1 : 14)) queue.set(item.id, item);
    else store.drop(key);
  }

  /* ---- the wire ---- */
  const lastSeq = () => {
    const seqs = [...lines.keys()].sort((a, b) => b - a);
    return seqs.length > 30 ? seqs[30] : 0;
  };
  const hello = () => ({ secret: secret(), last_seq: lastSeq(), language, page: location.href.split('#')[0].slice(0, 500), ...source,
    ...(signed ? { visitor: set.visitor, signature: set.signature } : {}) });
  const frameOf = item => item.kind === 'press'
    ? { type: 'press', id: item.id, value: item.value, label: item.label, message: item.message }
    : { type: 'say', id: item.id, text: item.text, ...(item.file ? { file: item.file } : {}) };

  function connect() {
    if (socket || polling) return;
    clearTimeout(timer);
    let mine;
    try { mine = new WebSocket(base.replace(/^http/, 'ws') + '/in/webchat/socket'); } catch { return exchange(); }
    socket = mine;
    mine.onopen = () => mine.send(JSON.stringify({ type: 'hello', ...hello() }));
    mine.onmessage = event => { const frame = json(event.data); if (frame) heard(frame); };
    mine.onclose = event => {
      if (socket !== mine) return;
      const was = ready;
      socket = null; ready = false; flying = null;
      failures = was ? 1 : failures + 1;
      if (event.code === 1009 || event.code === 4400) blame();
      if (event.code === 4429) failures = Math.max(failures, 4);
      if (failures > 2 && navigator.onLine) exchange(); else again();
      draw();
    };
  }
  function again() {
    clearTimeout(timer);
    timer = setTimeout(connect, Math.min(30000, 700 * 2 ** failures) * (0.5 + Math.random() / 2));
  }
  // The server hung up over the frame in flight: sending it again would end the same way.
  let blamed = null;
  function blame() {
    const first = [...queue.values()].find(item => item.state === 'wait' && item.tried);
    if (first && blamed === first.id) { first.state = 'failed'; remember(first); }
    blamed = first ? first.id : null;
  }

  // Plain HTTP, where sockets are not let through: the same words, every few seconds.
  let rounds = 0;
  async function exchange() {
    polling = true;
    const waiting = [...queue.values()].filter(item => item.state === 'wait' && !item.blob).slice(0, 5);
    const frames = [...(wantsStart() ? [{ type: 'open' }] : []), ...waiting.map(frameOf)];
    try {
      const answer = await fetch(base + '/in/webchat/messages', { method: 'POST', credentials: 'omit', headers: { 'Content-Type': 'application/json', 'X-Visitor': secret() }, body: JSON.stringify({ ...hello(), secret: undefined, frames }) });
      if (!answer.ok) throw new Error(answer.status);
      const frame = await answer.json();
      failures = 0; ready = true;
      heard(frame);
      frame.answers.forEach(heard);
      upload();
      if (++rounds % 20 === 0) { polling = false; ready = false; failures = 2; return connect(); }
      timer = setTimeout(exchange, opened ? 3000 : 20000);
    } catch {
      polling = false; ready = false; failures += 1;
      again(); draw();
    }
  }

  function heard(frame) {
    const item = queue.get(frame.id);
    if (frame.type === 'welcome') {
      ready = true; everOnline = true; failures = 0;
      limits = { text: frame.text || limits.text, file: frame.file || limits.file };
      area.maxLength = limits.text;
      if (frame.title && !set.title) heading.textContent = frame.title;
      if (frame.secret) store.set(owner, frame.secret);
      const there = new Set(frame.lines.map(line => line.seq)), gap = frame.after > lastSeq();
      for (const seq of [...lines.keys()]) if (gap || (seq > frame.after && !there.has(seq))) lines.delete(seq);
      frame.lines.forEach(put);
      begin();
    } else if (frame.type === 'message' || frame.type === 'edit') { put(frame); if (frame.from !== 'you') typing(false); }
    else if (frame.type === 'delete') lines.delete(frame.seq);
    else if (frame.type === 'typing') typing(true);
    else if (frame.type === 'said') queue.has(frame.id) || known(frame.id) || queue.set(frame.id, { id: frame.id, kind: 'say', text: frame.text, at: frame.at, state: 'kept', foreign: true });
    else if (item && frame.type === 'kept') { item.state = 'kept'; item.kind === 'press' ? forget(item.id) : remember(item); }
    else if (item && frame.type === 'refused') { item.state = 'failed'; item.why = frame.reason; remember(item); }
    else if (frame.type === 'busy') { pause = Date.now() + Math.min(frame.after, 60) * 1000; setTimeout(flush, Math.min(frame.after, 60) * 1000 + 50); }
    if (frame.id && frame.id === flying) flying = null;
    draw(); flush();
  }
  const known = id => [...lines.values()].some(line => line.id === id);
  // A file of ours is not in the thread before the store has fetched it: its name stands in until then.
  const named = new Map();
  function put(line) {
    const mine = queue.get(line.id);
    if (mine && mine.name) named.set(line.id, mine.name);
    lines.set(line.seq, line);
    if (line.id) forget(line.id);
  }

  function flush() {
    upload();
    if (!ready || polling || flying || Date.now() < pause) return;
    const item = [...queue.values()].find(one => one.state === 'wait' && !one.blob);
    if (!item) return;
    pause = Date.now() + (queue.size > 8 ? 600 : 0);
    if (pause > Date.now()) setTimeout(flush, 650);
    flying = item.id; item.tried = true;
    socket.send(JSON.stringify(frameOf(item)));
  }
  const wantsStart = () => opened && !started && !lines.size && !queue.size && (started = true);
  function begin() { if (ready && !polling && wantsStart()) socket.send('{"type":"open"}'); }

  async function upload() {
    const item = [...queue.values()].find(one => one.blob && one.state === 'wait' && !one.going);
    if (!item || !ready) return;
    item.going = true;
    try {
      const answer = await fetch(base + '/in/webchat/files', { method: 'POST', credentials: 'omit', body: item.blob, headers: { 'Content-Type': item.blob.type || 'application/octet-stream', 'X-Visitor': secret(), 'X-Name': encodeURIComponent(item.name.slice(-80)) } });
      if (answer.ok) { item.file = (await answer.json()).file; delete item.blob; remember(item); }
      else if (answer.status === 429 || answer.status >= 500) setTimeout(flush, 10000);
      else { item.state = 'failed'; item.why = answer.status === 413 ? 'big' : ''; }
    } catch { setTimeout(flush, 5000); }
    item.going = false;
    draw(); if (!item.blob) flush();
  }

  function add(item) {
    const whole = { id: random(12), kind: 'say', text: '', at: Date.now(), state: 'wait', ...item };
    queue.set(whole.id, whole); remember(whole);
    started = true;
    draw(); bottom(); flush(); connect();
  }

  /* ---- the screen ---- */
  const el = (tag, props = {}, ...inner) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) name in node && name !== 'role' ? node[name] = value : node.setAttribute(name, value);
    node.append(...inner);
    return node;
  };
  const drawn = path => {
    const space = 'http://www.w3.org/2000/svg', svg = document.createElementNS(space, 'svg'), line = document.createElementNS(space, 'path');
    svg.setAttribute('viewBox', '0 0 24 24'); svg.setAttribute('aria-hidden', 'true'); line.setAttribute('d', path);
    svg.append(line);
    return svg;
  };
  const CLIP = 'M21 11l-9 9a5.5 5.5 0 0 1-8-8l9-9a3.7 3.7 0 0 1 5.3 5.3l-9 9a1.8 1.8 0 0 1-2.6-2.6l8.3-8.3';
  const host = el('div', { id: 'dragoman' });
  const shadow = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  const color = set.color && CSS.supports('color', set.color) ? set.color : '';

  const badge = el('span', { className: 'badge', hidden: true });
  const launch = el('button', { className: 'launch', type: 'button', 'aria-label': say.open, 'aria-expanded': 'false', 'aria-controls': 'panel' }, drawn('M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.9 8.9 0 0 1-3.7-.8L3 21l1.9-5.3a8 8 0 0 1-.9-3.7A8.4 8.4 0 0 1 12.5 3.5 8.4 8.4 0 0 1 21 11.500z'), badge);
  const heading = el('h2', { id: 'title', textContent: set.title || say.title });
  const close = el('button', { className: 'icon', type: 'button', 'aria-label': say.close }, drawn('M6 6l12 12M18 6L6 18'));
  const note = el('div', { className: 'note', role: 'status', hidden: true });
  const empty = el('p', { className: 'empty', textContent: set.greeting || say.hello });
  const log = el('div', { className: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': say.title, tabIndex: 0 }, empty);
  const dots = el('div', { className: 'dots', 'aria-hidden': 'true', hidden: true, textContent: say.typing });
  const jump = el('button', { className: 'jump', type: 'button', hidden: true, textContent: say.newer });
  const picker = el('input', { type: 'file', hidden: true, tabIndex: -1 });
  const attach = el('button', { className: 'icon', type: 'button', 'aria-label': say.attach, title: say.attach }, drawn(CLIP));
  const area = el('textarea', { rows: 1, maxLength: 4000, placeholder: say.place, 'aria-label': say.place, dir: 'auto', enterKeyHint: 'send' });
  const send = el('button', { className: 'icon send', type: 'submit', disabled: true, 'aria-label': say.send }, drawn('M12 20V4M5 11l7-7 7 7'));
  const form = el('form', { className: 'write' }, attach, picker, area, send);
  const panel = el('div', { className: 'panel', id: 'panel', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'title', hidden: true }, el('div', { className: 'head' }, heading, close), note, log, dots, jump, form);
  const root = el('div', { className: 'root', lang: WORDS[code] ? code : 'en', dir: 'auto' }, launch, panel);
  root.dir = getComputedStyle(document.documentElement).direction;
  shadow.append(root);

  function paint() {
    if (!color) return;
    host.style.color = color;
    const parts = (getComputedStyle(host).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
    host.style.color = '';
    const light = [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * (parts[i] / 255) ** 2.2, 0);
    host.style.setProperty('--accent', color);
    host.style.setProperty('--on', light > 0.4 ? '#111' : '#fff');
  }
  const clock = new Intl.DateTimeFormat(code === 'am' ? 'en-GB' : language, { hour: '2-digit', minute: '2-digit', hour12: false });
  const size = bytes => bytes > 1e6 ? (bytes / 1e6).toFixed(1) + ' MB' : Math.ceil(bytes / 1000) + ' KB';
  const safe = url => { try { return SAFE.includes(new URL(url).protocol); } catch { return false; } };
  const link = (url, text, className = '') => el('a', { href: url, target: '_blank', rel: 'noopener noreferrer nofollow', textContent: text, className });

  function words(text) {
    return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, i) => (i % 2 && safe(part) ? link(part, part) : part));
  }
  function picture(media) {
    const url = base + media.url;
    if (media.kind !== 'photo') {
      const around = link(url, media.name + ' · ' + size(media.size), 'file');
      around.prepend(drawn(CLIP));
      return around;
    }
    const image = el('img', { alt: media.name || '', loading: 'lazy', src: url });
    image.onload = () => nearEnd && bottom();
    const around = link(url, '');
    around.append(image);
    return around;
  }
  function chips(line) {
    const box = el('div', { className: 'chips' });
    for (const row of line.buttons || []) {
      const inner = el('div');
      for (const button of row) {
        if (button.url) { if (safe(button.url)) inner.append(link(button.url, button.label, 'chip')); continue; }
        const chosen = pressed.get(line.seq);
        const chip = el('button', { type: 'button', className: 'chip' + (chosen === button.value ? ' done' : ''), textContent: button.label, disabled: chosen !== undefined });
        chip.onclick = () => { pressed.set(line.seq, button.value); area.focus(); add({ kind: 'press', value: button.value, label: button.label, message: String(line.seq) }); };
        inner.append(chip);
      }
      box.append(inner);
    }
    return box;
  }
  function row(item) {
    const you = !item.seq || item.from === 'you', bubble = el('div', { className: 'bubble' + (!item.text && item.media && item.media[0].kind === 'photo' ? ' pic' : ''), dir: 'auto' });
    for (const media of item.media || []) bubble.append(picture(media));
    const file = item.seq ? (item.media ? '' : named.get(item.id) || (item.text ? '' : '…')) : item.name;
    if (file) bubble.append(el('span', { className: 'file' }, drawn(CLIP), file));
    bubble.append(...words(item.text));
    const state = item.seq ? (item.edited ? say.edited : '') : item.state === 'failed' ? say[{ too_long: 'long', big: 'big' }[item.why]] || say.failed : '';
    const meta = el('div', { className: 'meta' }, state, el('time', { dateTime: new Date(item.at).toISOString(), textContent: clock.format(item.at) }));
    if (you && item.state !== 'failed') meta.append(el('span', { role: 'img', 'aria-label': item.state === 'wait' ? say.wait : say.kept, textContent: item.state === 'wait' ? '◷' : '✓' }));
    if (item.state === 'failed') meta.append(el('button', { type: 'button', textContent: say.retry, onclick() { item.state = 'wait'; remember(item); draw(); flush(); } }));
    const node = el('div', { className: `row${you ? ' you' : ''}${item.state === 'wait' ? ' wait' : ''}${item.state === 'failed' ? ' bad' : ''}` });
    if (item.seq && item.from === 'rep' && item.name) node.append(el('div', { className: 'who', dir: 'auto', textContent: item.name }));
    node.append(bubble);
    if (item.buttons) node.append(chips(item));
    node.append(meta);
    return node;
  }

  let nearEnd = true;
  const bottom = () => { log.scrollTop = log.scrollHeight; nearEnd = true; jump.hidden = true; };
  function draw() {
    const items = [...[...lines.values()].sort((a, b) => a.seq - b.seq), ...[...queue.values()].filter(item => item.kind === 'say').sort((a, b) => a.at - b.at)];
    const shownKeys = new Set();
    let before = null, fresh = false;
    for (const item of items) {
      // Our own words keep their place on the page when the store gives them a number: nothing is read out twice.
      const key = item.id || 's' + item.seq, mark = JSON.stringify([item.seq, item.text, item.state, item.buttons, item.media && item.media.length, item.edited, pressed.get(item.seq)]);
      shownKeys.add(key);
      let kept = nodes.get(key);
      if (!kept || kept.mark !== mark) {
        const node = row(item);
        if (kept) kept.node.replaceWith(node); else fresh = true;
        kept = { node, mark };
        nodes.set(key, kept);
      }
      const place = before ? before.nextSibling : log.firstChild;
      if (kept.node !== place) log.insertBefore(kept.node, place);
      before = kept.node;
    }
    for (const [key, kept] of nodes) if (!shownKeys.has(key)) { kept.node.remove(); nodes.delete(key); }
    empty.hidden = items.length > 0;
    note.hidden = ready || !(failures > 1 || !navigator.onLine);
    note.textContent = note.hidden ? '' : say.offline;
    if (fresh) nearEnd ? bottom() : jump.hidden = false;
    count();
  }
  function count() {
    const newest = Math.max(0, ...lines.keys());
    if (opened && !document.hidden) store.set('read', newest);
    const read = Number(store.get('read')) || 0;
    const unread = [...lines.values()].filter(line => line.from !== 'you' && line.seq > read).length;
    badge.hidden = opened || !unread;
    badge.textContent = unread > 9 ? '9+' : unread;
    launch.setAttribute('aria-label', unread ? `${say.open}, ${unread} ${say.fresh}` : say.open);
  }
  let typingTimer = 0;
  function typing(on) {
    clearTimeout(typingTimer);
    dots.hidden = !on;
    if (on) typingTimer = setTimeout(() => typing(false), 6000);
  }
  function toggle(on) {
    opened = on;
    panel.hidden = !on; launch.hidden = on;
    launch.setAttribute('aria-expanded', on);
    if (on) { secret(); connect(); begin(); bottom(); area.focus(); } else launch.focus();
    draw();
  }
  function grow() {
    area.style.height = 'auto';
    area.style.height = Math.min(130, area.scrollHeight) + 'px';
    send.disabled = !area.value.trim();
  }

  launch.onclick = () => toggle(true);
  close.onclick = () => toggle(false);
  jump.onclick = bottom;
  attach.onclick = () => picker.click();
  picker.onchange = () => {
    const file = picker.files[0];
    picker.value = '';
    if (!file) return;
    const tooBig = file.size > limits.file;
    add({ blob: file, name: file.name, text: area.value.trim(), ...(tooBig ? { state: 'failed', why: 'big' } : {}) });
    area.value = ''; grow();
  };
  area.oninput = grow;
  area.onkeydown = event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  };
  form.onsubmit = event => {
    event.preventDefault();
    const text = area.value.trim();
    if (!text) return;
    add({ text });
    area.value = ''; grow(); area.focus();
  };
  log.onscroll = () => {
    nearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    if (nearEnd) jump.hidden = true;
  };
  panel.onkeydown = event => {
    if (event.key === 'Escape') return toggle(false);
    if (event.key !== 'Tab') return;
    const all = [...panel.querySelectorAll('button,a[href],textarea,[tabindex="0"]')].filter(node => !node.disabled && node.offsetParent !== null);
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if (shadow.activeElement === edge) { event.preventDefault(); (event.shiftKey ? all[all.length - 1] : all[0]).focus(); }
  };
  for (const type of ['keydown', 'keyup', 'keypress']) host.addEventListener(type, event => event.stopPropagation()); // the page's own shortcuts
  addEventListener('online', () => { failures = 0; connect(); });
  addEventListener('offline', draw);
  addEventListener('pageshow', event => event.persisted && begun() && connect());
  document.addEventListener('visibilitychange', () => { count(); if (!document.hidden && begun() && !socket && !polling) { failures = Math.min(failures, 1); connect(); } });
  document.addEventListener('click', event => { if (event.target.closest && event.target.closest('[data-dragoman-open]')) { event.preventDefault(); toggle(true); } });

  const mount = () => { document.body.append(host); paint(); draw(); if (begun()) connect(); };
  document.body ? mount() : addEventListener('DOMContentLoaded', mount);
})();
