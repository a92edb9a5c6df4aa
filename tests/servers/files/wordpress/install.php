<?php
// Sets up the tables, an administrator and a contributor; prints their application passwords as JSON.
// Usage: php install.php SITE_FOLDER
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url(getenv('WORDPRESS_URL'), PHP_URL_HOST) . ':' . parse_url(getenv('WORDPRESS_URL'), PHP_URL_PORT);
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

function application_password(int $user): string
{
    $made = WP_Application_Passwords::create_new_application_password($user, ['name' => 'tests']);
    if (is_wp_error($made)) {
        throw new RuntimeException($made->get_error_message());
    }
    return $made[0];
}

$site = wp_install('Test site', 'admin', 'admin@example.test', true, '', getenv('WORDPRESS_SECRET'));
// /wp-json needs readable addresses.
$GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
flush_rewrite_rules(false);
$contributor = wp_insert_user([
    'user_login' => 'contributor',
    'user_pass' => wp_generate_password(24),
    'user_email' => 'contributor@example.test',
    'role' => 'contributor',
]);
echo json_encode([
    'version' => get_bloginfo('version'),
    'password' => application_password($site['user_id']),
    'password2' => application_password($contributor),
]), "\n";
