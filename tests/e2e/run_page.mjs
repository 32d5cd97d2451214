// SPDX-License-Identifier: Apache-2.0
// run_page.mjs SCRIPT: runs a page's script on a document that only records. Prints a JSON list of
// [property, text], one for each text that the script set as innerHTML or textContent.
import { readFileSync } from 'node:fs';

const written = [];

// Has every property, may be called, and counts as 0.
function element() {
  const properties = new Map();
  return new Proxy(function () {}, {
    get(_, key) {
      if (key === Symbol.toPrimitive) return () => 0;
      if (!properties.has(key)) properties.set(key, element());
      return properties.get(key);
    },
    set(_, key, value) {
      if (key === 'innerHTML' || key === 'textContent') written.push([key, String(value)]);
      properties.set(key, value);
      return true;
    },
    apply: element,
  });
}

class ResizeObserver {
  observe() {}
}

const names = ['document', 'window', 'location', 'ResizeObserver', 'requestAnimationFrame'];
new Function(...names, readFileSync(process.argv[2], 'utf8'))(
  element(), { devicePixelRatio: 1, addEventListener() {} }, { search: '' }, ResizeObserver,
  () => {});
console.log(JSON.stringify(written));
