import type {
  Compared,
  ObservedCount,
  ObservedMalloc,
  ObservedMoment,
  ObservedResident,
  ObservedRest,
} from "../contract/observed.ts";
import { byteUnit, inUnit, plural, signed } from "../wording/format.ts";
import type { Column } from "./column.ts";

/** One figure that was measured, beside the model's. */
export interface ObservedRow {
  /** when it was measured; empty in further rows of the same moment */
  readonly moment: string;
  readonly words: string;
  readonly compared: Compared;
}

/** The rows of the moments, in the order of the report. */
export function observedRows(moments: readonly ObservedMoment[]): ObservedRow[] {
  return moments.flatMap((one) => {
    const { resident, counted, jvm } = one;
    const rows = [
      ...(resident === null ? [] : residentRows(resident)),
      ...counted.flatMap(countedRows),
      ...(jvm?.categories ?? [])
        .filter(({ mappedBytes }) => mappedBytes > 0)
        .map(({ name, mappedBytes }) => row(`JVM: ${name}, committed`, stated(mappedBytes))),
    ];
    return rows.map((each, i) => ({ ...each, moment: i === 0 ? one.asked : "" }));
  });
}

function residentRows({ malloc, rest, processBytes }: ObservedResident): ObservedRow[] {
  return [
    ...(malloc === null ? [] : mallocRows(malloc)),
    ...(rest === null ? [] : [restRow(rest)]),
    row("whole process", stated(processBytes)),
  ];
}

function mallocRows({ heap, arenas, mapped, all, arenaHeaps }: ObservedMalloc): ObservedRow[] {
  const heaps = arenaHeaps.measured;
  return [
    row("main heap", heap),
    row(heaps === 0 ? "arenas" : `arenas (${plural(heaps, "heap")})`, arenas),
    row("mapped blocks", mapped),
    row("malloc's memory", all),
  ];
}

function restRow({ byDifference, bytes, leastBytes, mostBytes }: ObservedRest): ObservedRow {
  const words = byDifference ? "the rest, by difference" : "rest of the process";
  return row(words, { ...stated(bytes), leastBytes, mostBytes });
}

function countedRows({ kind, system, inUse, mapped }: ObservedCount): ObservedRow[] {
  return [
    row(`from the kernel (${kind})`, system),
    row(`in use or cached (${kind})`, inUse),
    ...(mapped === null ? [] : [row(`mapped blocks (${kind})`, mapped)]),
  ];
}

function row(words: string, compared: Compared): ObservedRow {
  return { moment: "", words, compared };
}

function stated(bytes: number): Compared {
  return {
    measuredBytes: bytes,
    leastBytes: bytes,
    mostBytes: bytes,
    modelledBytes: null,
    modelledLeastBytes: null,
    error: null,
  };
}

/** `isTrusted`: the log supports the model's figures. */
export function observedColumns(
  rows: readonly ObservedRow[],
  isTrusted: boolean,
): Column<ObservedRow>[] {
  const unit = byteUnit(
    rows.flatMap(({ compared }) => [compared.mostBytes, compared.modelledBytes ?? 0]),
  );
  const range = (leastBytes: number, mostBytes: number): string => {
    const [least, most] = [inUnit(unit, leastBytes), inUnit(unit, mostBytes)];
    return least === most ? least : `${least} to ${most}`;
  };
  return [
    { head: ["at"], align: "left", isName: true, rank: 0, cell: ({ moment }) => moment },
    { head: ["memory"], align: "left", rank: 0, cell: ({ words }) => words },
    {
      head: ["measured", unit.name],
      align: "right",
      rank: 0,
      cell: ({ compared: { leastBytes, mostBytes } }) => range(leastBytes, mostBytes),
    },
    {
      head: ["modelled", unit.name],
      align: "right",
      rank: 1,
      cell: ({ compared: { modelledBytes } }) =>
        modelledBytes === null || !isTrusted ? "" : inUnit(unit, modelledBytes),
    },
    {
      head: ["error"],
      align: "right",
      rank: 1,
      cell: ({ compared }) => (isTrusted ? errorText(compared) : ""),
    },
  ];
}

/** Bounds that have the model's figure between them do not show the error. */
export function errorText({ error, leastBytes, mostBytes }: Compared): string {
  if (error === null) {
    return "";
  }
  return error === 0 && leastBytes < mostBytes ? "in range" : signed(error);
}
