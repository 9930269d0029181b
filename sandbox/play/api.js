// The human side of the sandbox over HTTP (docs/sandbox.md): what a person does with their phone.

/** The sandbox said no, or did not answer; the message is meant for the person at the page. */
export class Refused extends Error {}

async function ask(method, path, body) {
  const options = { method, cache: "no-store" };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("The sandbox does not answer. Is the demo still running?");
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // A crash page is not JSON; its status still tells something.
  }
  if (!response.ok || !answer || answer.ok === false) {
    throw new Refused(answer?.error ? plainly(answer.error) : `The sandbox answered ${response.status}.`);
  }
  return answer;
}

// Telegram's refusals begin with the name of their status, which says nothing to a person.
function plainly(words) {
  const bare = words.replace(/^(Bad Request|Forbidden|Conflict): /, "");
  return bare.slice(0, 1).toUpperCase() + bare.slice(1);
}

const of = (person, verb) => `/play/people/${encodeURIComponent(person)}/${verb}`;

export const settings = () => ask("GET", "/play/settings");
export const health = () => ask("GET", "/play/health");
export const introduce = (person, facts) => ask("PUT", `/play/people/${encodeURIComponent(person)}`, facts);
export const readChat = (person, bot) => ask("GET", `${of(person, "chat")}?bot=${encodeURIComponent(bot)}`);

/** Do one deed of a person: start, send, contact, location, edit, click, block, unblock. */
export const act = (person, verb, body) => ask("POST", of(person, verb), body);

export const town = () => ask("GET", "/play/town");
export const townLines = (channel) => ask("GET", `/play/town/${encodeURIComponent(channel)}`);
export const townSay = (channel, text) => ask("POST", `/play/town/${encodeURIComponent(channel)}/say`, { text });

/** Send one file; `facts` are the form's other fields. */
export function sendFile(person, file, facts) {
  const form = new FormData();
  for (const [key, value] of Object.entries(facts)) {
    if (value !== null && value !== undefined && value !== "") form.append(key, String(value));
  }
  form.append("file", file, file.name);
  return ask("POST", of(person, "file"), form);
}
