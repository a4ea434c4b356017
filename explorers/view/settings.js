// The settings of an explorer: what they are called, what they may be, how an address holds them.

/** One of several names; "options" has the label of each. */
export function choice(label, options, initial) {
  const read = (text) => (Object.hasOwn(options, text) ? text : initial);
  return { label, options, initial, read };
}

/** A number from "least" to "most", in steps; with "logarithmic" the step is one of its log10. */
export function number(label, least, most, step, initial, logarithmic = false) {
  const read = (text) => {
    const value = text === "" ? NaN : Number(text);
    return Number.isNaN(value) ? initial : rounded(Math.min(most, Math.max(least, value)));
  };
  const rounded = (value) =>
    Number(logarithmic ? value.toPrecision(3) : (Math.round(value / step) * step).toFixed(6));
  return { label, least, most, step, initial, logarithmic, read };
}

/** A whole number that is typed, from "least" to "most". */
export function count(label, least, most, initial) {
  return { ...number(label, least, most, 1, initial), typed: true };
}

/** Return the label of each entry of a table. */
export function labels(table) {
  return Object.fromEntries(Object.entries(table).map(([name, { label }]) => [name, label]));
}

/** Return the values of all settings that a model holds. */
export function values(model, settings) {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, model.get(name)]));
}

/** Read all settings from text such as "depth=30&seed=3"; what it lacks or mistakes is replaced. */
export function parse(settings, text, state = {}) {
  const found = new URLSearchParams(text);
  const entries = Object.entries(settings).map(([name, { initial, read }]) => {
    const given = found.get(name);
    return [name, given === null ? (state[name] ?? initial) : read(given)];
  });
  return Object.fromEntries(entries);
}

/** List the names in such a text that no setting has, or whose value is not taken as it stands. */
export function mistaken(settings, text) {
  const taken = ([name, given]) => {
    if (!Object.hasOwn(settings, name)) return false;
    const value = settings[name].read(given);
    return value === (typeof value === "number" ? Number(given) : given);
  };
  return [...new URLSearchParams(text)].filter((each) => !taken(each)).map(([name]) => name);
}

/** Say what such a text has that is not taken as it stands; nothing where all is. */
export function unread(settings, text) {
  const names = mistaken(settings, text).join(", ");
  return names && `Not taken as it stands: ${names}.`;
}

/** Write settings as parse reads them. */
export function format(settings, get) {
  return Object.keys(settings)
    .map((name) => `${name}=${encodeURIComponent(get(name))}`)
    .join("&");
}
