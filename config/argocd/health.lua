-- Health of a Sifaka object for Argo CD, from its conditions. Serves every kind of sifaka.dev.
-- Argo CD loads neither the string library nor any other but base and table.

local function condition(type)
  local status = obj.status or {}
  for _, each in ipairs(status.conditions or {}) do
    if each.type == type then
      return each
    end
  end
end

local function is_true(type)
  local found = condition(type)
  return found ~= nil and found.status == "True"
end

-- What a person may want to know although the promise holds.
local function note()
  for _, type in ipairs({ "Issuing", "Warning", "PolicyViolation" }) do
    local found = condition(type)
    if found ~= nil and found.status == "True" then
      return type .. " (" .. found.reason .. "): " .. found.message
    end
  end
end

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end

local ready = condition("Ready")
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Sifaka has not looked at this spec yet")
end

for _, type in ipairs({ "Ready", "Issuing", "Warning" }) do
  local found = condition(type)
  if found ~= nil and found.reason == "Suspended" then
    return health("Suspended", found.message)
  end
end

if ready.status == "True" then
  return health("Healthy", note() or ready.message)
end

if is_true("Stalled") then
  return health("Degraded", ready.reason .. ": " .. ready.message)
end

return health("Progressing", ready.reason .. ": " .. ready.message)
