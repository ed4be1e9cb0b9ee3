// The product's version, as users and providers see it. A test keeps it equal to package.json.

export const VERSION = "0.1.0";
