import { type Bindings, type LaneKind, loadBindings } from "../../native-bindings/binding.js";

const loaded = loadBindings();

/** What this processor has, `none` included; nothing without the addon. */
export const laneKinds: readonly LaneKind[] = loaded.bindings?.laneKinds ?? [];

/** The addon as it is on a processor that has no better lanes. Throws if it does not load. */
export function bindingsWith(lanes: LaneKind): Bindings {
  const { bindings } = loaded;
  if (bindings === undefined) throw new Error(loaded.reason);
  return {
    ...bindings,
    EcKey: class extends bindings.EcKey {
      constructor(privateKey: Uint8Array) {
        super(privateKey, lanes);
      }
    },
    RsaKey: class extends bindings.RsaKey {
      constructor(privateKey: Uint8Array) {
        super(privateKey, lanes);
      }
    },
  };
}
