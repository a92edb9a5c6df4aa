<?php
// For PHP's built-in server: files as they are, folders by their index.php, all else through WordPress.
$root = $_SERVER['DOCUMENT_ROOT'];
$path = rtrim(urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)), '/');
if (is_file($root . $path)) {
    return false;
}
$script = is_file("$root$path/index.php") ? "$path/index.php" : '/index.php';
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $script;
chdir(dirname($root . $script));
require $root . $script;
