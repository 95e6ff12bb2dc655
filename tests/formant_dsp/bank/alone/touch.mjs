/**
 * Touches of one preset as events, by the mapping of bank.wasm:
 *
 *     node touch.mjs bank.wasm code touches rate > events
 *
 * `touches` has doubles: frame, key, x, y, z, note, backness, openness. A NaN is a number that is not known.
 */
import { readFileSync, writeSync } from "node:fs";

const [wasm, code, touches] = process.argv.slice(2, 5).map((path) => new Uint8Array(readFileSync(path)));
const x = new WebAssembly.Instance(new WebAssembly.Module(wasm), {}).exports;
x._initialize();
const doubles = (bytes) => new Float64Array(bytes.slice().buffer);
new Float64Array(x.memory.buffer, x.code(), x.code_room()).set(doubles(code));
const rows = doubles(touches);
const out = [];
for (let at = 0; at < rows.length; at += 8) {
  const [frame, key, ...touch] = rows.subarray(at, at + 6);
  const place = rows.subarray(at + 6, at + 8);
  const voices = x.touch(1, key, frame, ...touch, 1.0, 0.5, Number(process.argv[5]), NaN, ...place);
  out.push(Buffer.from(new Uint8Array(x.memory.buffer, x.event(), voices * x.event_bytes()).slice()));
}
const bytes = Buffer.concat(out);
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
