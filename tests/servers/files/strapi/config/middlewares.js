const megabytes = 250;

module.exports = [
  'strapi::logger',
  'strapi::errors',
  'strapi::security',
  'strapi::cors',
  'strapi::query',
  {name: 'strapi::body', config: {formidable: {maxFileSize: megabytes * 1024 * 1024}}},
  'strapi::session',
  'strapi::favicon',
  'strapi::public',
];
