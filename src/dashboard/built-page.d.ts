/** The files of the page by their names. The build generates this module from `src/page`. */
export const PAGE_FILES: Readonly<Record<string, string>>
