--- The experiments of a battery as a table, read by hypero-query.
local library = require 'hypero.library'
local value = require 'hypero.value'

local export = {}

--- Returns a text as one word of a shell command.
local function word(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

--- Returns the program: that of HYPERO_QUERY, else the one beside the library, else the one in PATH.
local function program()
   local beside = library.folder .. '/hypero-query'
   local file = not os.getenv('HYPERO_QUERY') and io.open(beside)
   if file then file:close() end
   return os.getenv('HYPERO_QUERY') or file and beside or 'hypero-query'
end

--- The exit status of hypero-query for a battery that Redis does not have.
local NOT_FOUND = 3

--- Runs hypero-query, and returns the JSON objects that it prints: none if Redis does not have the battery.
local function query(connection, arguments)
   -- The URL may have a password, and other users can read a command line. The file is private, and removed by its own first line.
   local path = os.tmpname()
   local script = assert(io.open(path, 'w'))
   script:write('rm -f -- ', word(path), '\n')
   if connection.url then script:write('export HYPERO_REDIS=', word(connection.url), '\n') end
   if connection.namespace then script:write('export HYPERO_NAMESPACE=', word(connection.namespace), '\n') end
   script:write(word(program()))
   for _, argument in ipairs(arguments) do script:write(' ', word(argument)) end
   -- Not by output:close(), which has no status in LuaJIT without the extensions of Lua 5.2.
   script:write(' 2>&1\necho "status $?"\n')
   script:close()
   local output = assert(io.popen('sh ' .. word(path)))
   local lines = {}
   for line in output:lines() do lines[#lines + 1] = line end
   output:close()
   os.remove(path)
   local status = tonumber((table.remove(lines) or ''):match('^status (%d+)$'))
   local rows, messages = {}, {}
   for _, line in ipairs(lines) do
      if line:sub(1, 1) == '{' then rows[#rows + 1] = value.parse(line) else messages[#messages + 1] = line end
   end
   if status == NOT_FOUND then return {} end
   if status ~= 0 then error('exportTable: ' .. table.concat(messages, '\n'), 4) end
   -- For example, that the battery has more experiments than the limit.
   for _, message in ipairs(messages) do io.stderr:write('exportTable: ', message, '\n') end
   return rows
end

--- Returns the names of columns: those that are given in a list or a text with commas, or all that the rows have, for '*'.
local function names_of(given, rows, key)
   local names, seen = {}, {}
   if type(given) == 'table' then return given end
   if given and given ~= '*' then
      for name in given:gmatch('[^,]+') do names[#names + 1] = name:match('^%s*(.-)%s*$') end
      return names
   end
   for _, row in ipairs(rows) do
      for name in pairs(row[key] or {}) do
         if not seen[name] then names[#names + 1], seen[name] = name, true end
      end
   end
   table.sort(names)
   return names
end

--- Returns the experiments of a battery, each a list of values, and the names of the columns: `hexId`, the hyper-parameters, the
-- results (the maxima), the metadata.
--
-- Options: `paramNames`, `resultNames`, `metaNames`, lists or texts with commas (default `*`, all); `verDesc = '*'` for all
-- versions of the battery's name; `orderBy`, a column (default `hexId`, in the order of their starts); `asc = false` for the highest
-- first.
-- Rows without a value of that column are last. A battery that has no experiments yet has no rows. Of a battery with more than
-- 100,000 experiments, the newest are returned, with a message on standard error. Learning curves are not included:
-- `hypero-query show ID --format csv` has them.
function export.table(battery, options)
   local name = battery.id
   if options.verDesc == '*' or options.verDesc == '' then name = battery.name end
   local rows = query(battery.connection, {'experiments', '--format', 'json', '--limit', '100000', '--', name})
   table.sort(rows, function(a, b)
      if a.started ~= b.started then return a.started < b.started end
      return a.experiment < b.experiment
   end)
   local columns, lists = {'hexId'}, {}
   for i, part in ipairs{{'params', options.paramNames}, {'maxima', options.resultNames}, {'meta', options.metaNames}} do
      for _, column in ipairs(names_of(part[2], rows, part[1])) do
         columns[#columns + 1] = column
         lists[#columns] = part[1]
      end
   end
   local order
   for i, column in ipairs(columns) do
      if column == (options.orderBy or 'hexId') and not order then order = i end
   end
   if not order and #rows > 0 then error(("orderBy: no column is called '%s'"):format(options.orderBy), 3) end
   local result, position = {}, {}
   for i, row in ipairs(rows) do
      local values = {row.experiment}
      for j = 2, #columns do values[j] = (row[lists[j]] or {})[columns[j]] end
      result[i], position[values] = values, i
   end
   table.sort(result, function(a, b)
      local x, y = a[order], b[order]
      if order == 1 then x, y = position[a], position[b] end
      if x == nil or y == nil or x == y then return x ~= nil and y == nil or (x == y and position[a] < position[b]) end
      if type(x) ~= type(y) or type(x) == 'table' or type(x) == 'boolean' then x, y = value.json(x, ''), value.json(y, '') end
      if options.asc == false then return x > y end
      return x < y
   end)
   return result, columns
end

return export
