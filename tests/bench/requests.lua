-- wrk: sends the requests of the file that REQUESTS names, one after another.
-- The file is that of open_loop.c: a line with a length, and so many bytes.
local list, at = {}, 0
local file = assert(io.open(os.getenv("REQUESTS"), "rb"))

while true do
	local length = file:read("*l")
	if length == nil then
		break
	end
	list[#list + 1] = file:read(tonumber(length))
end
file:close()

function request()
	at = at % #list + 1
	return list[at]
end
