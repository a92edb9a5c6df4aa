const fs = require('node:fs');

module.exports = {
  register() {},
  // An API token can only be made here or in the admin's pages.
  async bootstrap({strapi}) {
    const token = await strapi.service('admin::api-token').create({
      name: 'tests',
      description: '',
      type: 'full-access',
      lifespan: null,
    });
    fs.writeFileSync(process.env.STRAPI_TOKEN_FILE, token.accessKey);
  },
};
