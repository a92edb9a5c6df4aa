module.exports = () => ({
  connection: {
    client: 'sqlite',
    connection: {filename: process.env.STRAPI_DATABASE},
    useNullAsDefault: true,
    pool: {
      // The data need not survive a power cut: nothing waits for the disk.
      afterCreate: (connection, done) => {
        connection.pragma('synchronous = OFF');
        connection.pragma('journal_mode = MEMORY');
        done(null, connection);
      },
    },
  },
});
