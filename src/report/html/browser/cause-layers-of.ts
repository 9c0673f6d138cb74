import { LAYER_OF, LAYERS } from "../cause-layers.ts";
import type { CausesData } from "../causes-data.ts";

/** The bytes of each layer at each moment, none below 0. */
export function layersOf({ causes, moments }: CausesData): number[][] {
  return LAYERS.map(({ key }) =>
    moments.map(({ bytes }) =>
      Math.max(
        0,
        bytes.reduce((sum, one, i) => {
          const cause = causes[i];
          return sum + (cause !== undefined && LAYER_OF[cause] === key ? one : 0);
        }, 0),
      ),
    ),
  );
}
