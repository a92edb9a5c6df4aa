-- What differs between runs comes from the environment (tests/servers/prosody.py).
local folder = os.getenv("PROSODY_FOLDER")
local http = tonumber(os.getenv("PROSODY_HTTP_PORT"))

data_path = folder .. "/data"
pidfile = folder .. "/pid"
plugin_paths = {}
daemonize = false
run_as_root = true
log = { info = "*console" }

interfaces = { "127.0.0.1" }
c2s_ports = { tonumber(os.getenv("PROSODY_PORT")) }
http_interfaces = { "127.0.0.1" }
http_ports = { http }
https_ports = {}
s2s_ports = {}
c2s_direct_tls_ports = {}
legacy_ssl_ports = {}

modules_enabled = { "roster", "saslauth", "disco", "ping", "carbons", "register" }
modules_disabled = { "s2s", "tls", "admin_socket" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
http_external_url = "http://127.0.0.1:" .. http .. "/"

VirtualHost "localhost"

Component "upload.localhost" "http_file_share"
	-- By this name in a request's Host header its files are found.
	http_host = "127.0.0.1"
	http_file_share_size_limit = 50 * 1024 * 1024
	http_max_content_size = 64 * 1024 * 1024

Component "rooms.localhost" "muc"
	modules_enabled = { "muc_mam" }
	restrict_room_creation = false
	muc_room_locking = false
