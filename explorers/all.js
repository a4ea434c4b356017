// All explorers, by name.

import activation from "./activation.js";
import fans from "./fans.js";
import phases from "./phases.js";
import rates from "./rates.js";
import signal from "./signal.js";
import symmetry from "./symmetry.js";
import training from "./training.js";

export const EXPLORERS = { activation, fans, phases, rates, signal, symmetry, training };
