/** UTF-8 bytes the name of an operation or a status may have: a journal keeps it in one byte. */
export const LABEL_BYTES_MAX = 255

/** Whether a name is short enough for a label; rows of longer ones count under `other`. */
export function fitsLabel(name: string): boolean {
  return Buffer.byteLength(name) <= LABEL_BYTES_MAX
}
