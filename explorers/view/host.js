// What an explorer needs around it on a page: a model in the form of anywidget's, its settings
// in the address, and a button that copies the link.

import { button, html } from "./elements.js";
import { format, parse } from "./settings.js";

const PAUSE = 250; // milliseconds; browsers limit how often an address may change

function makeModel(state, save) {
  const listeners = {};
  const tell = (event) => (listeners[event] ?? []).forEach((listener) => listener());
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      tell(`change:${name}`);
      tell("change");
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: (event, listener) => {
      listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener);
    },
    save_changes: save,
  };
}

/** Read the settings that the address has for an explorer: "#signal?depth=30", else null. */
export function inAddress(name, hash) {
  const [found, text] = hash.slice(1).split("?");
  return found === name && text !== undefined ? text : null;
}

/** Put an explorer to work in its place on the page. */
export function mount(place, name, { settings, render }) {
  let waiting;
  const state = parse(settings, place.dataset.state ?? "");
  state.controls = place.dataset.controls?.split(" ");
  const address = () => `#${name}?${format(settings, model.get)}`;
  const write = () => history.replaceState(null, "", address());
  const model = makeModel(state, () => {
    clearTimeout(waiting);
    waiting = setTimeout(write, PAUSE);
  });
  const follow = () => {
    const text = inAddress(name, location.hash);
    if (text === null) return;
    const wanted = parse(settings, text, state);
    for (const key of Object.keys(settings)) model.set(key, wanted[key]);
    place.scrollIntoView();
  };
  const live = html("div", { class: "explorer-live" });
  place.append(live);
  place.classList.add("explorer-mounted");
  render({ model, el: live });
  live.append(copyButton(write));
  follow();
  window.addEventListener("hashchange", follow);
}

function copyButton(write) {
  const said = html("span", { role: "status" });
  const copy = button("Copy link", async () => {
    write();
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "The link is copied.";
    } catch {
      said.textContent = "The link stands in the address bar.";
    }
  });
  return html("p", { class: "explorer-link" }, copy, said);
}
