/**
 * How long bank.wasm takes for a second of many voices, in blocks of 128 frames. With Node:
 *
 *     node sing.mjs bank.wasm voices.json voices seconds
 *
 * prints JSON: microseconds of each block, in order, from the first one on. A browser calls `blocks`. With a bank that
 * has kernel.c in it,
 *
 *     node sing.mjs bank.wasm
 *
 * prints nanoseconds for a hop of the plain kernel.
 */
const RATE = 48000;
const BLOCK = 128;
const HOPS = 2000;
const TURNS = 200;

/**
 * @param {BufferSource} bytes of bank.wasm @param {any} made voices.json @param {number} voices @param {number} seconds
 * @param {() => number} clock microseconds
 * @returns {number[]} microseconds of each block
 */
export function blocks(bytes, { presets, row_tau_s: rowTauS }, voices, seconds, clock) {
  const x = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
  x._initialize();
  const code = presets.plain.code;
  new Float64Array(x.memory.buffer, x.code(), code.length).set(code);
  new Float64Array(x.memory.buffer, x.row_tau_s(), rowTauS.length).set(rowTauS);
  x.set_up(RATE, voices, 2, 1024, 0);
  if (x.make() === 0) throw new Error("no bank");
  for (let key = 1; key <= voices; key += 1) {
    x.touch(1, key, 0, key / voices, 0.3, 0.7, NaN, 0, 0.5, RATE);
    if (!x.push()) throw new Error("the ring is full");
  }
  const took = new Float64Array(Math.ceil((seconds * RATE) / BLOCK));
  for (let block = 0; block < took.length; block += 1) {
    const began = clock();
    x.read(BLOCK);
    took[block] = clock() - began;
  }
  if (x.counter(1) !== voices) throw new Error(`${x.counter(1)} voices sound`);
  return Array.from(took, (us) => Math.round(10 * us) / 10);
}

/**
 * The plain kernel alone, nanoseconds for a hop of one voice: the best of many short turns.
 * @param {BufferSource} bytes of a bank with kernel.c in it @param {() => number} clock microseconds
 */
function kernel(bytes, clock) {
  const x = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
  x._initialize();
  const turn = () => {
    const began = clock();
    x.hops(HOPS);
    return (1000 * (clock() - began)) / HOPS;
  };
  return Math.min(...Array.from({ length: TURNS }, turn));
}

if (globalThis.process?.argv?.length === 3) {
  const { readFileSync } = await import("node:fs");
  console.log(kernel(readFileSync(process.argv[2]), () => Number(process.hrtime.bigint()) / 1000));
}

if (globalThis.process?.argv?.length === 6) {
  const { readFileSync } = await import("node:fs");
  const [path, json, voices, seconds] = process.argv.slice(2);
  const made = JSON.parse(readFileSync(json, "utf-8"));
  const clock = () => Number(process.hrtime.bigint()) / 1000;
  console.log(JSON.stringify(blocks(readFileSync(path), made, Number(voices), Number(seconds), clock)));
}
