// The explorers of the site: each stands where a page asks for it by its name.

import { EXPLORERS } from "./all.js";
import { mount } from "./view/host.js";

for (const place of document.querySelectorAll("[data-explorer]")) {
  mount(place, place.dataset.explorer, EXPLORERS[place.dataset.explorer]);
}
