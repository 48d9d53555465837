-- Goes round a file of addresses, one a line, with the sandbox's public credentials. Requests are rendered beforehand.
local requests, index = {}, 0

function init(arguments)
  wrk.headers["x-app-id"] = "soundcharts"
  wrk.headers["x-api-key"] = "soundcharts"
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

function request()
  index = index % #requests + 1
  return requests[index]
end
