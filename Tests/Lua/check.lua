--- What the tests share.
local check = {}

local function text(value)
   if type(value) ~= 'table' then return type(value) == 'string' and ('%q'):format(value) or tostring(value) end
   local parts = {}
   for key, element in pairs(value) do parts[#parts + 1] = ('[%s] = %s'):format(text(key), text(element)) end
   table.sort(parts)
   return '{' .. table.concat(parts, ', ') .. '}'
end

--- Fails unless two values are equal, element by element.
function check.equal(found, expected, name)
   if text(found) ~= text(expected) then
      error(('%s: %s instead of %s'):format(name, text(found), text(expected)), 2)
   end
end

--- Fails unless a call raises an error whose message has a text, and the name of the calling file: it blames the user.
function check.refused(expected, call, ...)
   local arguments = {...}
   -- The function that calls, because a position is that of a line in Lua.
   local succeeded, message = pcall(function()
      local result = call(unpack(arguments, 1, 12))
      return result
   end)
   if succeeded then error('not refused: ' .. expected, 2) end
   if not tostring(message):find(expected, 1, true) then error(('%s instead of %s'):format(message, expected), 2) end
   if not tostring(message):find('check.lua:', 1, true) then error('not at the caller: ' .. message, 2) end
end

return check
