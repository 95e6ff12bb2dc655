/** The page's side of the vectors of tunings: what each case gives, `null` where it is refused. */
import { keysOf, parseKbm } from "./tuning/kbm.js";
import { degreesOf, rootOf } from "./tuning/scales.js";
import { TuningError, parseScl, periodOf } from "./tuning/scl.js";
import { SHIPPED, shipped } from "./tuning/shipped.js";
import { Snap } from "./tuning/snap.js";
import { Steps, stepsOf } from "./tuning/steps.js";

const RULES = {
  scl({ text }) {
    const { cents, warnings } = parseScl(text);
    return [...cents, warnings.length];
  },
  kbm({ scl, kbm, keys = {} }) {
    const pitches = keysOf(parseScl(scl), parseKbm(kbm));
    return Object.keys(keys).map((key) => pitches[Number(key)]);
  },
  async scales({ tuning: name, scale, root, from }) {
    const tuning = await shipped(name);
    const { pitches } = stepsOf(tuning, degreesOf(scale, tuning), rootOf(root));
    return pitches.filter((one) => one >= from - 1e-6 && one < from + periodOf(tuning) / 100 - 1e-6);
  },
  snap({ steps, strength, moves }) {
    const snap = new Snap(new Steps(steps), strength);
    return moves.map(([at, pitch]) => snap.sung(1, pitch, at));
  },
};

/** What each case of a rule gives. */
export function results(rule, cases) {
  return Promise.all(
    cases.map(async (one) => {
      try {
        return await RULES[rule](one);
      } catch (error) {
        if (error instanceof TuningError && error.message.length > 20) return null;
        throw error;
      }
    }),
  );
}

export const NAMES = Object.keys(SHIPPED);
