// What an explorer needs around it on a page: its settings in the address, and buttons that copy
// the link and the line for a notebook.

import { button, html, watchSight } from "./elements.js";
import { makeModel } from "./model.js";
import { format, parse, unread } from "./settings.js";

const PAUSE = 250; // milliseconds; browsers limit how often an address may change

/** Read the settings that the address has for an explorer: "#signal?depth=30", else null. */
export function inAddress(name, hash) {
  const [found, text] = hash.slice(1).split("?");
  return found === name && text !== undefined ? text : null;
}

/** Put an explorer to work in its place on the page, once a reader comes near it or a link asks. */
export function mount(place, name, explorer) {
  let follow;
  const show = () => {
    follow ??= shown(place, name, explorer);
    follow(inAddress(name, location.hash));
  };
  const showIfAsked = () => inAddress(name, location.hash) !== null && show();
  watchSight(place, (near) => near && !follow && show());
  window.addEventListener("hashchange", showIfAsked);
  showIfAsked();
}

/** Show an explorer; returns a function that takes settings from an address. */
function shown(place, name, { settings, render }) {
  let waiting;
  const state = parse(settings, place.dataset.state ?? "");
  state.controls = place.dataset.controls?.split(" ");
  const written = () => format(settings, model.get);
  const write = () => history.replaceState(null, "", `#${name}?${written()}`);
  const model = makeModel(state, () => {
    clearTimeout(waiting);
    waiting = setTimeout(write, PAUSE);
  });
  const live = html("div", { class: "explorer-live" });
  const faults = html("p", { role: "alert" });
  place.append(live);
  place.classList.add("explorer-mounted");
  render({ model, el: live });
  live.append(faults, copyButtons(name, write, written));

  return (text) => {
    if (text === null) return;
    const wanted = parse(settings, text, state);
    for (const key of Object.keys(settings)) model.set(key, wanted[key]);
    faults.textContent = unread(settings, text);
    place.scrollIntoView();
  };
}

/** Make a button for the link, and one for the code that shows the same in a notebook. */
function copyButtons(name, write, written) {
  const said = html("span", { role: "status" });
  const copy = (text, make, what, otherwise) =>
    button(text, async () => {
      try {
        await navigator.clipboard.writeText(make());
        said.textContent = `${what} is copied.`;
      } catch {
        said.textContent = otherwise();
      }
    });
  const link = () => (write(), location.href);
  const line = () => `from helpers.explorers import explorer\nexplorer("${name}", "${written()}")`;
  const buttons = [
    copy("Copy link", link, "The link", () => "The link stands in the address bar."),
    copy("Copy code", line, "The code for a notebook", line),
  ];
  return html("p", { class: "explorer-link" }, ...buttons, said);
}
