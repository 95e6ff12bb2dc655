/**
 * How long bank.wasm takes for a second of many voices, in blocks of 128 frames:
 *
 *     node sing.mjs bank.wasm voices.json voices seconds
 *
 * prints JSON: microseconds of each block, in order, from the first one on.
 */
import { readFileSync } from "node:fs";

const [path, json, voices, seconds] = process.argv.slice(2);
const RATE = 48000;
const BLOCK = 128;
const { presets, row_tau_s: rowTauS } = JSON.parse(readFileSync(json, "utf-8"));
const x = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {}).exports;
x._initialize();
const code = presets.plain.code;
new Float64Array(x.memory.buffer, x.code(), code.length).set(code);
new Float64Array(x.memory.buffer, x.row_tau_s(), rowTauS.length).set(rowTauS);
x.set_up(RATE, Number(voices), 2, 1024, 0);
if (x.make() === 0) throw new Error("no bank");
for (let key = 1; key <= Number(voices); key += 1) {
  x.touch(1, key, 0, key / Number(voices), 0.3, 0.7, NaN, 0, 0.5, RATE);
  if (!x.push()) throw new Error("the ring is full");
}
const took = new Float64Array(Math.ceil((Number(seconds) * RATE) / BLOCK));
for (let block = 0; block < took.length; block += 1) {
  const began = process.hrtime.bigint();
  x.read(BLOCK);
  took[block] = Number(process.hrtime.bigint() - began) / 1000;
}
if (x.counter(1) !== Number(voices)) throw new Error(`${x.counter(1)} voices sound`);
console.log(JSON.stringify(Array.from(took, (us) => Math.round(10 * us) / 10)));
