module.exports = () => ({
  'users-permissions': {config: {jwtSecret: `users-${process.env.STRAPI_SECRET}`}},
  upload: {config: {sizeLimit: 250 * 1024 * 1024}},
});
