/**
 * Bundles what an engine thread loads into one file. Node takes some 0.5 ms for each file that it
 * loads, and the recorder consists of 40 small ones. Rolldown keeps `const` declarations; bundlers
 * that make them `var` take constants from the optimizer, and `record` takes 1.5 times as long.
 */
const recorder = {
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

/** The builders of Grafana's SDK that the dashboard uses. */
const BUILDERS = [
  ...['dashboard', 'datasourceVariable', 'queryVariable', 'row', 'thresholdsConfig'],
  ...['reduceDataOptions', 'vizLegendOptions', 'vizTooltipOptions'],
  ...['panel', 'dataquery', 'heatmapColorOptions', 'yAxisConfig'],
]
const BUILDER_FILE = /\/(\w+)Builder\.gen$/
const UNUSED = '\0unused-builder'

/**
 * Bundles the dashboard with what it uses of Grafana's SDK, in place of the compiled file of that
 * name. The SDK has 11 MB, all of which would be installed with this package.
 */
const dashboard = {
  input: 'src/grafana/dashboard.ts',
  platform: 'node',
  plugins: [
    {
      name: 'other-folders-apart',
      // The catalogue and the error class exist once.
      resolveId: (specifier, importer = '') =>
        specifier.startsWith('../') && /[\\/]src[\\/]grafana[\\/]/.test(importer)
          ? { id: specifier, external: true }
          : null,
    },
    {
      name: 'unused-builders',
      // The SDK is CommonJS, of which bundlers keep all files: 439 kB instead of 120.
      resolveId: (specifier) => {
        const [, builder] = BUILDER_FILE.exec(specifier) ?? []
        return builder === undefined || BUILDERS.includes(builder) ? null : UNUSED
      },
      load: (id) => (id === UNUSED ? 'export {}' : null),
    },
  ],
  output: {
    file: 'dist/src/grafana/dashboard.js',
    minify: true,
    // The licences of what is bundled ask for their notices.
    banner: `/*!
 * Contains parts of @grafana/grafana-foundation-sdk, bundled and minified:
 * Copyright 2024 Grafana Labs, Apache License 2.0 (see LICENSE of this package).
 * Contains parts of tslib: Copyright (c) Microsoft Corporation, 0BSD.
 */`,
  },
}

// biome-ignore lint/style/noDefaultExport: Rolldown reads the default export.
export default [recorder, dashboard]
