/**
 * Bundles what an engine thread loads into one file. Node takes some 0.5 ms for each file that it
 * loads, and the recorder consists of 40 small ones. Rolldown keeps `const` declarations; bundlers
 * that make them `var` take constants from the optimizer, and `record` takes 1.5 times as long.
 */
// biome-ignore lint/style/noDefaultExport: Rolldown reads the default export.
export default {
  input: 'src/recorder/index.ts',
  platform: 'node',
  plugins: [
    {
      name: 'shared-error-class',
      // `instanceof MoonmeterError` holds for errors of both entries, so both load this file.
      resolveId: (specifier) =>
        /^\.{1,2}\/errors\.js$/.test(specifier) ? { id: '../errors.js', external: true } : null,
    },
  ],
  external: /^[^./]/,
  output: {
    file: 'dist/src/recorder/bundle.js',
    comments: { jsdoc: false },
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
}
