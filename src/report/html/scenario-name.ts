/** The settings in a scenario's name, each with its comma: lines break between settings, not within one. */
export function settingsOf(name: string): string[] {
  return name.split(/(?<=,)/);
}
