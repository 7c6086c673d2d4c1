"use strict";

// What a person says of boxes and images; kept in this browser, saved as one JSON file.
{
  const FORMAT = "fcn_detect corrections";
  const NONE = Object.freeze({ checked: false, confirmed: [], wrong: [], missed: [] });
  const images = new Map();
  const past = []; // [name, what was there before]
  const storageKey = () => `${FORMAT}: ${report.facts.run}`;

  const same = (one, found) => one.score === found.score && one.box.join() === found.box.join() &&
    one.label === report.facts.labels[found.label];
  const isEmpty = (one) => !(one.checked || one.confirmed.length || one.wrong.length || one.missed.length);
  const written = (found) =>
    ({ label: report.facts.labels[found.label], score: found.score, box: [...found.box] });

  const put = (name, value) => {
    if (isEmpty(value)) images.delete(name);
    else images.set(name, value);
  };

  const change = (name, value) => {
    past.push([name, images.get(name) ?? NONE]);
    put(name, value);
    keep();
    report.corrected(name);
  };

  const keep = () => {
    try {
      if (images.size) localStorage.setItem(storageKey(), JSON.stringify(content()));
      else localStorage.removeItem(storageKey());
    } catch {
      report.cannotKeep = true; // a browser that keeps nothing; saving still works
    }
  };

  const content = () => ({
    format: FORMAT, version: 1, run: report.facts.run,
    images: [...images].sort(([a], [b]) => (a < b ? -1 : 1)).map(([image, one]) => ({ image, ...one })),
  });

  const isBox = (box) => Array.isArray(box) && box.length === 4 && box.every(Number.isFinite);
  const areBoxes = (list) => Array.isArray(list) &&
    list.every((one) => one && typeof one.label === "string" && isBox(one.box));

  // The images of a file, or an error that says what is wrong with it.
  const parse = (text) => {
    const value = JSON.parse(text);
    if (value?.format !== FORMAT || value.version !== 1 || !Array.isArray(value.images)) {
      throw new Error(`this is no file of "${FORMAT}", version 1`);
    }
    if (value.run !== report.facts.run) throw new Error(`these corrections are of the run "${value.run}"`);
    return value.images.map(({ image, checked, confirmed, wrong, missed }) => {
      if (typeof image !== "string" || ![confirmed, wrong, missed].every(areBoxes)) {
        throw new Error("an image in it is damaged");
      }
      return [image, { checked: checked === true, confirmed, wrong, missed }];
    });
  };

  report.corrections = {
    of: (name) => images.get(name) ?? NONE,
    has: (name) => images.has(name),
    get size() { return images.size; },
    get canUndo() { return past.length > 0; },
    all: () => [...images],
    content,

    // "confirmed", "wrong" or null
    verdict(name, found) {
      const one = images.get(name);
      if (!one) return null;
      if (one.wrong.some((other) => same(other, found))) return "wrong";
      return one.confirmed.some((other) => same(other, found)) ? "confirmed" : null;
    },

    // The same verdict again takes it back.
    judge(name, found, verdict) {
      const one = this.of(name);
      const again = this.verdict(name, found) === verdict;
      const rest = (list) => list.filter((other) => !same(other, found));
      const next = { ...one, confirmed: rest(one.confirmed), wrong: rest(one.wrong) };
      if (!again) next[verdict] = [...next[verdict], written(found)];
      change(name, next);
    },

    confirmAll(name, shown) {
      const one = this.of(name);
      const open = shown.filter((found) => this.verdict(name, found) === null);
      change(name, { ...one, checked: true, confirmed: [...one.confirmed, ...open.map(written)] });
    },

    check(name, checked) {
      change(name, { ...this.of(name), checked });
    },

    setMissed(name, missed) {
      change(name, { ...this.of(name), missed });
    },

    undo() {
      const last = past.pop();
      if (!last) return null;
      put(...last);
      keep();
      report.corrected(last[0]);
      return last[0];
    },

    forget() {
      images.clear();
      past.length = 0;
      keep();
    },

    restore() {
      try {
        const text = localStorage.getItem(storageKey());
        if (text) for (const [name, one] of parse(text)) images.set(name, one);
      } catch {
        // what another version kept, or a browser that keeps nothing
      }
    },

    load(text) {
      const found = parse(text);
      for (const [name, one] of found) put(name, one);
      past.length = 0;
      keep();
      return found.length;
    },
  };

  report.corrected = () => {};
}
