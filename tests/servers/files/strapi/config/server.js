module.exports = () => ({
  host: '127.0.0.1',
  port: Number(process.env.STRAPI_PORT),
  url: `http://127.0.0.1:${process.env.STRAPI_PORT}`,
  app: {keys: [`session-${process.env.STRAPI_SECRET}`]},
});
