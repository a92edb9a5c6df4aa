const secret = process.env.STRAPI_SECRET;

module.exports = () => ({
  auth: {secret: `admin-${secret}`},
  apiToken: {salt: `tokens-${secret}`},
  transfer: {token: {salt: `transfer-${secret}`}},
  secrets: {encryptionKey: secret},
  serveAdminPanel: false, // Building its pages takes a minute, and only people need them.
  flags: {nps: false, promoteEE: false},
});
