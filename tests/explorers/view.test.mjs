// Settings in an address, and numbers in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inAddress } from "../../explorers/view/host.js";
import { choice, count, format, mistaken, number, parse } from "../../explorers/view/settings.js";
import { change, percent, powerOfTen, short } from "../../explorers/view/words.js";

const SETTINGS = {
  kind: choice("Kind", { a: "A", b: "B" }, "a"),
  size: number("Size", 0.1, 10, 0.05, 1, true),
  depth: number("Depth", 2, 50, 1, 20),
  inputs: count("Inputs", 1, 1000, 8),
};

test("what an address lacks or mistakes is replaced, and what it overdoes is bounded", () => {
  const initial = { kind: "a", size: 1, depth: 20, inputs: 8 };
  assert.deepEqual(parse(SETTINGS, ""), initial);
  assert.deepEqual(parse(SETTINGS, "kind=c&size=x&depth=&inputs=NaN&other=1"), initial);
  assert.deepEqual(parse(SETTINGS, "kind=b&size=99&depth=-3&inputs=Infinity"), {
    kind: "b",
    size: 10,
    depth: 2,
    inputs: 1000,
  });
  assert.deepEqual(parse(SETTINGS, "kind=toString&depth=7.4&size=0.123456").depth, 7);
  assert.equal(parse(SETTINGS, "kind=toString").kind, "a");
  assert.equal(parse(SETTINGS, "size=0.123456").size, 0.123);
});

test("what an address does not name stays as it is", () => {
  const state = { kind: "b", size: 2, depth: 9, inputs: 3 };
  assert.deepEqual(parse(SETTINGS, "depth=10", state), { ...state, depth: 10 });
});

test("what an address mistakes is named", () => {
  assert.deepEqual(mistaken(SETTINGS, "kind=b&size=1&depth=20&inputs=8"), []);
  assert.deepEqual(mistaken(SETTINGS, "kind=B&size=1e-1&depth=20.0"), ["kind"]);
  assert.deepEqual(mistaken(SETTINGS, "depth=51&inputs=7.5&other=1&dep"), [
    "depth",
    "inputs",
    "other",
    "dep",
  ]);
  assert.deepEqual(mistaken(SETTINGS, "kind=toString&constructor=1"), ["kind", "constructor"]);
});

test("what is written is read again", () => {
  const state = { kind: "b", size: 0.316, depth: 49, inputs: 77 };
  assert.deepEqual(parse(SETTINGS, format(SETTINGS, (name) => state[name])), state);
});

test("an address belongs to one explorer", () => {
  assert.equal(inAddress("signal", "#signal?depth=3"), "depth=3");
  assert.equal(inAddress("signal", "#signals?depth=3"), null);
  assert.equal(inAddress("signal", "#signal"), null);
  assert.equal(inAddress("signal", ""), null);
});

test("numbers in words", () => {
  assert.equal(powerOfTen(-120), "10⁻¹²⁰");
  const cases = [0, 0.3149, 12.3, 1234, 0.0042, -2.3e-9, 5e12, Infinity, NaN];
  const written = ["0", "0.31", "12", "1200", "4.2 · 10⁻³", "-2.3 · 10⁻⁹", "5.0 · 10¹²"];
  assert.deepEqual(cases.map((each) => short(each)), [
    ...written,
    "beyond all numbers",
    "not a number",
  ]);
  assert.equal(short(0.0883883, 4), "0.08839");
  assert.equal(percent(0.126), "13%");
});

test("changes in words", () => {
  assert.match(change(1, 1.9), /^keeps its size within a factor of two, from 1 to 1\.9$/);
  assert.match(change(1, 0.4), /^falls from 1 to 0\.4$/);
  assert.match(change(1, 3e5), /^grows from 1 to 3\.0 · 10⁵$/);
  assert.match(change(1, Infinity), /^grows from 1 beyond all numbers$/);
  assert.match(change(1, NaN), /beyond all numbers$/);
  assert.match(change(0, 0), /^is nothing anywhere$/);
});
