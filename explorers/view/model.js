// The state of an explorer, in the form of anywidget's model.

/** Make a model of a state; "save" is called when a control has changed it. */
export function makeModel(state, save) {
  const listeners = {};
  const tell = (event) => (listeners[event] ?? []).forEach((listener) => listener());
  let changed = false;

  // Several settings that change at once are one change.
  function tellLater() {
    if (changed) return;
    changed = true;
    queueMicrotask(() => {
      changed = false;
      tell("change");
    });
  }

  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      tell(`change:${name}`);
      tellLater();
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: (event, listener) => {
      listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener);
    },
    save_changes: save,
  };
}
