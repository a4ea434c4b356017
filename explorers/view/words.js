// Numbers in words.

const RAISED = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((sign, i) => [i, sign])) };

/** Write a power of ten: 10⁻³. */
export function powerOfTen(exponent) {
  return `10${[...String(exponent)].map((sign) => RAISED[sign]).join("")}`;
}

/** Write a number with a few digits: 0.31, 12, 4.2 · 10⁻⁹. */
export function short(value, digits = 2) {
  if (value === 0) return "0";
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return "beyond all numbers";
  const size = Math.abs(value);
  if (size >= 0.01 && size < 10_000) return String(Number(value.toPrecision(digits)));
  const [factor, exponent] = value.toExponential(digits - 1).split("e");
  return `${factor} · ${powerOfTen(Number(exponent))}`;
}

/** Write a share in percent. */
export function percent(share) {
  return `${Math.round(100 * share)}%`;
}

/** Say how a size changes from one place to another, a factor of two apart or less being level. */
export function change(from, to) {
  if (!(from > 0)) return "is nothing anywhere";
  if (!Number.isFinite(to)) return `grows from ${short(from)} beyond all numbers`;
  if (to > 2 * from) return `grows from ${short(from)} to ${short(to)}`;
  if (to < from / 2) return `falls from ${short(from)} to ${short(to)}`;
  return `keeps its size within a factor of two, from ${short(from)} to ${short(to)}`;
}
