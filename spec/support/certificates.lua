-- Certificates of a throw-away authority: one for the right name (127.0.0.1), one for another name, one that has expired; and a
-- self-signed one for the right name.

local certificates = {}

---A directory with ca.pem, and of "right", "wrong", "expired" and "own" a .pem and a .key. In "authorities", ca.pem as
---OpenSSL looks it up in a directory: under its hash.
---@return string dir
---@return string hash
function certificates.make()
  local temporary = io.popen("mktemp -d")
  local dir = temporary:read "l"
  temporary:close()
  local function run(command)
    assert(os.execute("cd " .. dir .. " && { " .. command .. "; } >/dev/null 2>&1"), command)
  end
  run [[openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=Spec CA']]
  for _, leaf in ipairs { { "right", "IP:127.0.0.1,DNS:localhost", 30 }, { "wrong", "DNS:other.example.com", 30 },
    { "expired", "IP:127.0.0.1", -1 } } do
    local name, subject, days = table.unpack(leaf)
    run(("printf 'subjectAltName=%s' >%s.ext"):format(subject, name))
    run(("openssl req -newkey rsa:2048 -nodes -keyout %s.key -out %s.csr -subj '/CN=%s'"):format(name, name, name))
    run(("openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days %d -extfile %s.ext -out %s.pem")
      :format(name, days, name, name))
  end
  run [[openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -days 30 -subj '/CN=127.0.0.1' \
    -addext 'subjectAltName=IP:127.0.0.1']]
  run "mkdir authorities && cp ca.pem authorities/$(openssl x509 -in ca.pem -noout -hash).0"
  local listing = io.popen("ls " .. dir .. "/authorities")
  local hash = listing:read("l"):match "%x+"
  listing:close()
  return dir, hash
end

function certificates.remove(dir)
  os.execute("rm -r " .. dir)
end

return certificates
