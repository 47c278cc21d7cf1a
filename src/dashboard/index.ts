/** The entry `moonmeter/dashboard`: the live page. */
export { dashboardHandler } from './dashboard-handler.js'
export type { DashboardOptions } from './dashboard-options.js'
