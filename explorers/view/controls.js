// Controls: one for each setting of an explorer, bound to its model.

import { button, html } from "./elements.js";

/** Make the controls of the named settings: each follows the model, and the model follows it. */
export function controls(model, settings, names, id) {
  const made = names.map((name) => {
    const { options, typed } = settings[name];
    const make = options ? menu : typed ? typedNumber : slider;
    return make(model, name, settings[name], `${id}-${name}`);
  });
  return html("div", { class: "explorer-controls" }, ...made);
}

function change(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

function menu(model, name, { label, options }, id) {
  const choices = Object.entries(options).map(([value, text]) => html("option", { value }, text));
  const field = html("select", { id }, ...choices);
  const follow = () => (field.value = model.get(name));
  field.addEventListener("change", () => change(model, name, field.value));
  model.on(`change:${name}`, follow);
  follow();
  return html("div", {}, html("label", { for: id }, label), field);
}

function slider(model, name, setting, id) {
  const { label, least, most, step, logarithmic, read } = setting;
  const place = logarithmic ? Math.log10 : (value) => value;
  const value = logarithmic ? (position) => 10 ** position : (position) => position;
  const range = { min: place(least), max: place(most), step };
  const field = html("input", { id, type: "range", ...range });
  const shown = html("output", { for: id });
  const follow = () => {
    field.value = place(model.get(name));
    field.setAttribute("aria-valuetext", String(model.get(name)));
    shown.textContent = model.get(name);
  };
  field.addEventListener("input", () => change(model, name, read(value(Number(field.value)))));
  model.on(`change:${name}`, follow);
  follow();
  return html("div", {}, html("label", { for: id }, label), shown, field);
}

function typedNumber(model, name, { label, least, most, read }, id) {
  const field = html("input", { id, type: "number", min: least, max: most, step: 1 });
  const follow = () => (field.value = model.get(name));
  field.addEventListener("change", () => {
    change(model, name, read(field.value));
    follow();
  });
  model.on(`change:${name}`, follow);
  follow();
  return html("div", {}, html("label", { for: id }, label), field);
}

/** Make a button that draws another start: the next seed. */
export function newStart(model, { most }) {
  return button("New start", () => change(model, "seed", (model.get("seed") + 1) % (most + 1)));
}
