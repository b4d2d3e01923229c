// Settings by which Debian's Apache and nginx serve from the places of their official images, on port 80.

export const indexPage = '<html><body><h1>It works!</h1></body></html>\n';

const modules = '/usr/lib/apache2/modules';

export const apacheConfig = `ServerName localhost
ServerRoot /usr/local/apache2
Listen 80
PidFile /tmp/httpd.pid
Mutex posixsem
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule mime_module ${modules}/mod_mime.so
LoadModule dir_module ${modules}/mod_dir.so
TypesConfig /dev/null
User daemon
Group daemon
StartServers 1
DocumentRoot /usr/local/apache2/htdocs
DirectoryIndex index.html
ErrorLog /dev/stderr
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog /dev/stdout common
`;

export const nginxConfig = `user www-data;
worker_processes 1;
pid /tmp/nginx.pid;
daemon off;
error_log /dev/stderr;
events { worker_connections 256; }
http {
  access_log /dev/stdout;
  server { listen 80; root /usr/share/nginx/html; }
}
`;
