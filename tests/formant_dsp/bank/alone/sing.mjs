/**
 * The bank as WebAssembly sings recorded events. In a browser: `sing`. With Node:
 *
 *     node sing.mjs bank.wasm setup events block frames > samples.f32
 */

/** @returns {Float32Array} interleaved frames of all channels */
export function sing(wasm, setup, events, block, frames) {
  const module = new WebAssembly.Module(wasm);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0) throw new Error(`it wants ${imports.map(({ name }) => name)}`);
  const x = new WebAssembly.Instance(module, {}).exports;
  x._initialize();
  if (setup.length !== x.setup_bytes()) throw new Error(`a setup has ${x.setup_bytes()} bytes, not ${setup.length}`);
  new Uint8Array(x.memory.buffer, x.setup(), setup.length).set(setup);
  if (x.make() === 0) return new Float32Array(0);
  const channels = new DataView(setup.buffer, setup.byteOffset).getInt32(28, true);
  const bytes = x.event_bytes();
  for (let at = 0; at < events.length; at += bytes) {
    new Uint8Array(x.memory.buffer, x.event(), bytes).set(events.subarray(at, at + bytes));
    if (!x.push()) throw new Error("the ring is full");
  }
  const out = new Float32Array(frames * channels);
  for (let done = 0; done < frames; ) {
    const n = Math.min(block, frames - done);
    x.read(n);
    out.set(new Float32Array(x.memory.buffer, x.out(), n * channels), done * channels);
    done += n;
  }
  return out;
}

if (globalThis.process?.argv?.length === 7) {
  const { readFileSync, writeSync } = await import("node:fs");
  const [wasm, setup, events] = process.argv.slice(2, 5).map((path) => new Uint8Array(readFileSync(path)));
  const out = sing(wasm, setup, events, Number(process.argv[5]), Number(process.argv[6]));
  const bytes = new Uint8Array(out.buffer);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
