// The explorers of the site: each stands where a page asks for it by its name.

import activation from "./activation.js";
import fans from "./fans.js";
import phases from "./phases.js";
import signal from "./signal.js";
import symmetry from "./symmetry.js";
import training from "./training.js";
import { mount } from "./view/host.js";

const EXPLORERS = { activation, fans, phases, signal, symmetry, training };

for (const place of document.querySelectorAll("[data-explorer]")) {
  mount(place, place.dataset.explorer, EXPLORERS[place.dataset.explorer]);
}
