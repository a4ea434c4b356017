// An explorer in a notebook: anywidget's model holds its name, and its settings as an address does.

import { EXPLORERS } from "./all.js";
import { makeModel } from "./view/model.js";
import { html } from "./view/elements.js";
import { format, parse, unread } from "./view/settings.js";

function render({ model, el }) {
  const { settings, render: show } = EXPLORERS[model.get("name")];
  const state = parse(settings, model.get("state"));
  const inner = makeModel(state, () => {
    model.set("state", format(settings, inner.get));
    model.save_changes();
  });
  const faults = html("p", { role: "alert" });
  const follow = () => {
    const wanted = parse(settings, model.get("state"), state);
    for (const name of Object.keys(settings)) inner.set(name, wanted[name]);
    faults.textContent = unread(settings, model.get("state"));
  };
  el.classList.add("explorer", "explorer-live");
  show({ model: inner, el });
  el.append(faults);
  follow();
  model.on("change:state", follow);
  return () => model.off("change:state", follow);
}

export default { render };
