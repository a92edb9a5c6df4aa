<?php
// Every value that differs between runs comes from the environment (tests/servers/wordpress.py).
foreach (['DB_NAME', 'DB_USER', 'DB_PASSWORD', 'DB_HOST'] as $name) {
    define($name, getenv('WORDPRESS_' . $name));
}
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', getenv('WORDPRESS_URL'));
define('WP_SITEURL', getenv('WORDPRESS_URL'));
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', hash('sha256', getenv('WORDPRESS_SECRET') . $name));
    define($name . '_SALT', hash('sha256', $name . getenv('WORDPRESS_SECRET')));
}

define('WP_DEFAULT_THEME', 'twentytwentyone');
define('WP_ENVIRONMENT_TYPE', 'local'); // Application passwords are refused over http elsewhere.
define('WP_HTTP_BLOCK_EXTERNAL', true); // No calls to wordpress.org.
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISABLE_WP_CRON', true); // It works by requests of the server to itself.
define('WP_DEBUG', true);
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', false); // To standard error, and so into the server's log.

$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
