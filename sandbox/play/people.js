// The people this page can play.
import * as api from "./api.js";

const KNOWN = [
  { person: "ani", first_name: "Անի", username: "ani_hy", language_code: "hy" },
  { person: "nino", first_name: "ნინო", username: "nino_ka", language_code: "ka" },
  { person: "abebe", first_name: "አበበ", username: "abebe_am", language_code: "am" },
  { person: "ivan", first_name: "Иван", username: "ivan_ru", language_code: "ru" },
  { person: "mary", first_name: "Mary", username: "mary_en", language_code: "en" },
];
const STRANGERS = {
  hy: ["Դավիթ", "Լիլիթ", "Արամ"],
  ka: ["გიორგი", "თამარი", "ლევანი"],
  am: ["ሰላም", "ዳዊት", "ሀና"],
  ru: ["Ольга", "Сергей", "Мария"],
  en: ["James", "Emma", "Daniel"],
};
export const LANGUAGES = { hy: "Armenian", ka: "Georgian", am: "Amharic", ru: "Russian", en: "English" };
const KEPT = "dragoman-play-strangers";

const capital = (name) => name.slice(0, 1).toUpperCase() + name.slice(1);

/** A name for a short name that nobody described: `tigran` is shown as Tigran. */
export function titled(person) {
  return capital(String(person).replace(/[-_]+/g, " "));
}

/** Pretended customers: five to begin with, and as many strangers as one likes. */
export class Customers {
  constructor(preferred) {
    this.list = [...KNOWN, ...keptStrangers()];
    if (preferred && !this.find(preferred)) this.list.unshift({ person: preferred, first_name: titled(preferred), language_code: "en" });
    this.introduced = new Set();
  }

  find(person) {
    return this.list.find((one) => one.person === person);
  }

  /** Tell the sandbox who this person is, once; it would otherwise invent a name for them. */
  async introduce(customer) {
    if (this.introduced.has(customer.person)) return;
    const { person, ...facts } = customer;
    await api.introduce(person, facts);
    this.introduced.add(person);
  }

  /** Someone nobody has met, in the language that has had the fewest of them. */
  stranger() {
    const codes = Object.keys(STRANGERS);
    const met = (code) => this.list.filter((one) => one.stranger && one.language_code === code).length;
    const code = codes.reduce((best, next) => (met(next) < met(best) ? next : best));
    const names = STRANGERS[code];
    const id = `guest-${Date.now().toString(36)}`;
    const one = { person: id, first_name: names[met(code) % names.length], username: id.replace("-", "_"), language_code: code, stranger: true };
    this.list.push(one);
    remember(this.list.filter((each) => each.stranger));
    return one;
  }
}

// Strangers outlive a reload of the page; a browser that keeps nothing just forgets them.
function keptStrangers() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.person === "string" && typeof one.first_name === "string") : [];
  } catch {
    return [];
  }
}

function remember(strangers) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(strangers));
  } catch {
    // A private window may refuse; the page works without.
  }
}
