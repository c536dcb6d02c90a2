-- Writes that are made together or not at all. Redis does not roll back a script of which it refuses a command half-way
-- (the user lacks a right, or a key has the wrong type), so after each write the command that undoes it is noted. It
-- comes first in the scripts that use it.
--
-- An entry of a log cannot be undone: its id cannot be used again once it is deleted. So it is a script's last write.

local undoing, noted = {}, 0 -- four values for each command: a table of its own for each would cost more than the write

-- Notes the command that undoes the write just made.
local function undo_by(command, key, member, value)
  undoing[noted + 1], undoing[noted + 2] = command, key
  undoing[noted + 3], undoing[noted + 4] = member or false, value or false
  noted = noted + 4
end

-- Runs a function that writes and returns its result. If a command in it fails, undoes what was written, the last write
-- first, calls `undo`, and ends the script with the error.
local function together(make, undo)
  local made, result = pcall(make)
  if made then return result end
  for number = noted - 3, 1, -4 do
    local last = undoing[number + 3] and 3 or undoing[number + 2] and 2 or 1
    redis.pcall(unpack(undoing, number, number + last))
  end
  if undo then undo() end
  error(type(result) == 'table' and result or {err = result}) -- in a table, so that it keeps its code
end

-- Fails if the user may not use a command that comes later and also undoes what comes before.
local function needs(command, key)
  if redis.acl_check_cmd and not redis.acl_check_cmd(command, key, '') then redis.call(command, key, '') end
end

-- Sets a field of a hash, which had the value `before`; nil or false if it had none.
local function set_field(key, field, before, value)
  redis.call('HSET', key, field, value)
  undo_by(before and 'HSET' or 'HDEL', key, field, before)
end

-- Removes a field of a hash.
local function remove_field(key, field)
  local before = redis.call('HGET', key, field)
  if before then
    redis.call('HDEL', key, field)
    undo_by('HSET', key, field, before)
  end
end
