"use strict";

// What the data files call: `about` once, `receive` for every file of images. The page is usable
// from the first file on.
const report = {
  about(value) {
    report.facts = value;
  },
  receive(entries) {
    for (const entry of entries) report.entries.push(report.prepare(entry, report.entries.length));
    report.arrived();
  },
  entries: [],
  facts: null,
  arrived() {},
};

// Elements are made one by one and text stays text: nothing is ever parsed as markup.
report.element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

report.svg = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

report.by = (id) => document.getElementById(id);
const NUMBERS = new Intl.NumberFormat("en-US"); // one: making it takes longer than using it
report.number = (value) => NUMBERS.format(value);
report.plural = (count, one, many = `${one}s`) => `${report.number(count)} ${count === 1 ? one : many}`;
